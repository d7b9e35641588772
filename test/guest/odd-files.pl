#!/usr/bin/perl
# Makes files of every odd kind that a backup may meet. Run as root inside the tree they are for (chroot), with what Debian's attr, acl,
# libcap2-bin and e2fsprogs have. Usage: perl odd-files.pl FILE-SYSTEM:DIRECTORY... ; the first directory gets the large things as well.
use strict;
use warnings;
use IO::Socket::UNIX;

use constant { KIB => 1 << 10, MIB => 1 << 20, GIB => 1 << 30 };

srand 4711;    # the same bytes in every guest
umask 022;
my $is_first = 1;
for (@ARGV) {
    my ($file_system, $directory) = /^(\w+):(.+)$/ or die "usage: odd-files.pl FILE-SYSTEM:DIRECTORY...\n";
    make($file_system, $directory);
    $is_first = 0;
}

sub make {
    my ($file_system, $directory) = @_;
    mkdir $directory or die "$directory: $!\n";
    chdir $directory or die "$directory: $!\n";
    names();
    links();
    special_files();
    sparse_files($file_system);
    sizes() if $is_first;
    deep_path($directory) if $is_first;
    owners_and_modes();
    extended_attributes();
    acls();
    file_times();
    flags($file_system);    # last: they forbid changes
    tool('touch', '-d', '@1234567890.987654321', $directory);
}

sub names {
    mkdir 'names';
    my @names = (
        "new\nline", "tab\ttab", 'double"quote', "single'quote", 'back\\slash', '-rf', '--help', ' leading', 'trailing ', ' ', "\\n", '$HOME', '*', '?',
        '`id`', ';', '#', '~', '%41', '.hidden', '...', "carriage\rreturn", "bell\a", "escape\e[31m", "delete\x7f", "not-utf-8-\xff\xfe", "\x80", "latin-\xe9",
        "cut-short-\xe2\x82", "\xc3\xa9-composed", "e\xcc\x81-decomposed", "\xf0\x9f\x9b\x9f", "\xe2\x80\xaeright-to-left", 'n' x 255, "\xe4" x 255, 'CASE', 'case',
        "\n", "a\n\n/../b" =~ s{/}{-}gr, '-', '{a,b}', "\x01",
    );
    put("names/$_", "named " . unpack('H*', $_)) for @names;
    mkdir "names/directory\nwith a new line ";
    put("names/directory\nwith a new line /\xffinside", 'inside');
    symlink "to\nnew line\xff", "names/link\xfe";
}

sub links {
    mkdir "links/$_" for '', 'a', 'b', 'b/c';
    put('links/a/file', 'three names');
    link 'links/a/file', "links/$_" or die "link: $!\n" for 'b/same-file', 'b/c/same file again', '0-first-by-name';
    symlink '../nowhere', 'links/a/dangling';
    link 'links/a/dangling', 'links/b/same-dangling' or die "link of a link: $!\n";
    tool('mknod', 'links/a/null', 'c', '1', '3');
    link 'links/a/null', 'links/b/same-null' or die "link of a device: $!\n";
    tool('mkfifo', 'links/a/fifo');
    link 'links/a/fifo', 'links/b/same-fifo' or die "link of a fifo: $!\n";
    put('links/a/empty', '');
    link 'links/a/empty', 'links/b/same-empty' or die "link: $!\n";
    symlink 'a', 'links/to-directory';
    symlink '.', 'links/to-itself';
    symlink '/etc/passwd', 'links/absolute';
    symlink 'x' x 59, 'links/longest-in-an-inode';
    symlink 'x' x 60, 'links/first-outside-the-inode';
    # ext4 with blocks of 4 KiB takes 4,095 bytes, XFS and blocks of 1 KiB take 1,023.
    for my $length (4095, 1023) { last if symlink target_of($length), 'links/longest-target' }
    -l 'links/longest-target' or die "no long link: $!\n";
}

sub target_of {
    my ($length) = @_;
    return substr 'directory/' x $length, 0, $length;
}

sub special_files {
    mkdir 'special';
    tool('mknod', 'special/block', 'b', '259', '262143');
    tool('mknod', 'special/character', 'c', '511', '0');
    tool('mknod', 'special/whiteout-like', 'c', '0', '0');
    tool('mkfifo', 'special/fifo');
    chmod 0620, 'special/fifo', 'special/whiteout-like' or die "chmod: $!\n";
    my $socket = IO::Socket::UNIX->new(Local => 'special/socket', Listen => 1) or die "socket: $!\n";
    close $socket;
}

sub sparse_files {
    my ($file_system) = @_;
    mkdir 'sparse';
    # ext2 and ext3 with blocks of 1 KiB end at 16 GiB.
    my $largest = $is_first ? 20 * GIB : 2 * GIB;
    islands('sparse/islands', $largest, [0, 5000], [MIB, 4 * KIB], [700 * MIB + 1, 70_000], [$largest / 4, 100], [$largest - 10_000, 10_000]);
    islands('sparse/hole-at-the-end', 300 * MIB + 17, [0, 64 * KIB]);
    islands('sparse/hole-at-the-start', 200 * MIB, [200 * MIB - 1, 1]);
    islands('sparse/only-a-hole', $largest);
    islands('sparse/small', 5 * MIB, [2 * MIB, 4 * KIB]);
    islands('sparse/many', 24 * MIB, map { [$_ * 256 * KIB, 4 * KIB] } 0 .. 80);
    put('sparse/zeroes-written', "\0" x (256 * KIB));
    if ($is_first) {
        put('sparse/preallocated', 'some');
        tool('fallocate', '--keep-size', '--length', '1MiB', 'sparse/preallocated') if $file_system =~ /^(?:ext4|xfs)$/;
    }
}

sub islands {
    my ($path, $size, @islands) = @_;
    open my $file, '>', $path or die "$path: $!\n";
    truncate $file, $size or die "$path: $!\n";
    for (@islands) {
        my ($offset, $length) = @$_;
        sysseek $file, $offset, 0 or die "$path: $!\n";
        syswrite $file, random_bytes($length) or die "$path: $!\n";
    }
    close $file or die "$path: $!\n";
}

sub sizes {
    mkdir 'sizes';
    # With its headers one of them is as large as a frame of a set may be, and so alone in one.
    put("sizes/$_-bytes", random_bytes($_)) for 0, 1, 511, 512, 513, 4095, 4096, 4097, 10240, 4 * MIB - 2048, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1;
    put('sizes/random', random_bytes(MIB));
    tool('gzip', '-1', 'sizes/random');
    put('sizes/text', text(14 * MIB));
    mkdir 'sizes/tiny';
    for my $index (1 .. 2000) {
        my $part = sprintf 'sizes/tiny/%02d', $index % 20;
        mkdir $part;
        put("$part/$index", "tiny file $index\n");
    }
}

sub text {
    my ($length) = @_;
    my @words = qw(boat oar storm harbour keel mast rope anchor wave lantern chart signal flare raft shore tide);
    my $text = '';
    for (my $line = 1; length $text < $length; $line++) { $text .= join(' ', $line, map { $words[rand @words] } 1 .. 12) . "\n" }
    return substr $text, 0, $length;
}

# The longest path that a system call takes: 4,095 bytes and a NUL (PATH_MAX). Made step by step, as no call makes it at once.
sub deep_path {
    my ($directory) = @_;
    my $left = 4095 - length("$directory/deep");
    mkdir 'deep';
    chdir 'deep' or die;
    while ($left > 256) {
        my $name = 'd' x ($left - 201 < 200 ? $left - 201 : 200);
        mkdir $name or die "$name: $!\n";
        chdir $name or die "$name: $!\n";
        $left -= length "/$name";
    }
    put('f' x ($left - 1), 'at the end of the longest path');
    symlink 'f' x ($left - 1), 'l';
    chdir $directory or die;
}

sub owners_and_modes {
    mkdir 'modes';
    my @modes = (0, 0001, 0400, 0200, 0644, 0777, 01644, 02755, 04755, 06711, 07777);
    for my $mode (@modes) {
        my $name = sprintf 'modes/file-%04o', $mode;
        put($name, $name);
        chmod $mode, $name or die "$name: $!\n";
        mkdir($name =~ s/file/directory/r);
        chmod $mode, $name =~ s/file/directory/r or die "$name: $!\n";
    }
    for ([4294967294, 4294967294], [65534, 65534], [0, 65535], [65536, 1], [1001, 1002], [2147483648, 2147483647]) {
        my ($uid, $gid) = @$_;
        put("modes/owned-$uid-$gid", 'owned');
        mkdir "modes/directory-$uid-$gid";
        symlink 'owned', "modes/link-$uid-$gid";
        tool('chown', '--no-dereference', "$uid:$gid", map { "modes/$_-$uid-$gid" } qw(owned directory link));
    }
    # chown takes the setuid bits away, so that an order of steps shows itself.
    put('modes/setuid-and-owned', 'setuid');
    tool('chown', '1001:1002', 'modes/setuid-and-owned');
    chmod 06755, 'modes/setuid-and-owned';
}

sub extended_attributes {
    mkdir 'xattrs';
    put("xattrs/$_", $_) for qw(user trusted selinux empty-value binary many large capability all);
    mkdir 'xattrs/directory';
    symlink 'user', 'xattrs/link';
    tool('mknod', 'xattrs/device', 'c', '1', '3');
    xattr('xattrs/user', 'user.comment', 'text with blanks');
    xattr('xattrs/trusted', 'trusted.boat', 'trusted');
    my $label = "system_u:object_r:etc_t:s0\0";
    xattr("xattrs/$_", 'security.selinux', $label) for qw(selinux link device directory all);
    xattr('xattrs/link', 'trusted.boat', 'of the link itself');
    xattr('xattrs/empty-value', 'user.empty', '');
    xattr('xattrs/binary', 'user.binary', join '', map { chr } 0 .. 255);
    xattr('xattrs/many', "user.number-$_", $_) for 1 .. 20;
    xattr('xattrs/large', 'user.large', 'L' x ($is_first ? 2000 : 600));
    xattr('xattrs/directory', 'user.comment', 'of a directory');
    tool('setcap', 'cap_net_raw,cap_net_admin+ep', 'xattrs/capability');
    tool('chown', '1001:1001', 'xattrs/all');
    chmod 04750, 'xattrs/all';
    tool('setcap', 'cap_sys_time+p', 'xattrs/all');
    xattr('xattrs/all', 'user.comment', 'all');
    tool('setfacl', '-m', 'u:1002:r', 'xattrs/all');
}

sub acls {
    mkdir 'acls';
    put("acls/$_", $_) for qw(access mask many);
    mkdir "acls/$_" for qw(default both);
    tool('setfacl', '-m', 'u:1001:rwx,g:1002:r', 'acls/access');
    tool('setfacl', '-m', 'u:1001:rwx,m::r', 'acls/mask');
    tool('setfacl', '-m', join(',', map { "u:$_:r" } 3000 .. 3015), 'acls/many');
    tool('setfacl', '-d', '-m', 'u:1001:rwx,g::---', 'acls/default');
    tool('setfacl', '-m', 'u:nobody:x,d:u:1002:rw,d:o::---', 'acls/both');
    put('acls/default/inherited', 'inherited');
    mkdir 'acls/default/inherited-directory';
}

sub file_times {
    mkdir 'times';
    my %times = (
        'before-1970' => '@-86400.123456789', 'just-before-1970' => '@-1.000000001', '1902' => '@-2145916800.5', epoch => '@0', 'one-nanosecond' => '@0.000000001',
        '2038' => '@2147483648.25', 'after-2106' => '@4294967296.999999999', '2400' => '@13569465600.1', 'odd-nanoseconds' => '@1600000000.987654321',
    );
    for my $name (sort keys %times) {
        put("times/$name", $name);
        tool('touch', '-d', $times{$name}, "times/$name");
        mkdir "times/directory-$name";
        put("times/directory-$name/file", 'whose making changes the time of the directory');
        symlink $name, "times/link-$name";
        tool('touch', '--no-dereference', '-d', $times{$name}, "times/link-$name", "times/directory-$name");
    }
}

sub flags {
    my ($file_system) = @_;
    # chattr(1): XFS has fewer. j needs CAP_SYS_RESOURCE, which containers lack: set in the guest's first boot (first-boot.ts).
    my %more = (ext => [qw(D c u t T)], xfs => [], btrfs => [qw(D c)]);
    my @flags = (qw(i a d A S), @{$more{$file_system =~ s/\d$//r} // []});
    mkdir 'flags';
    no_copy_on_write() if $file_system eq 'btrfs';
    for my $flag (@flags) {
        my $of_directories = $flag =~ /[DT]/;
        $of_directories ? mkdir("flags/$flag-directory") : put("flags/$flag", "has $flag");
        tool('chattr', "+$flag", $of_directories ? "flags/$flag-directory" : "flags/$flag");
    }
    put('flags/j', 'has j, where there is a journal');
    mkdir 'flags/immutable-directory';
    put('flags/immutable-directory/inside', 'inside');
    tool('chattr', '+i', 'flags/immutable-directory');
    put('flags/several', 'several');
    tool('chattr', '+dAi', 'flags/several');
}

# Only what is empty can be made so; directories hand it on.
sub no_copy_on_write {
    put('flags/C', '');
    mkdir 'flags/C-directory';
    tool('chattr', '+C', 'flags/C', 'flags/C-directory');
    put('flags/C', 'written in place' x 1000);
    put('flags/C-directory/inside', 'in place by its directory');
    tool('setcap', 'cap_net_raw=ep', 'flags/C');
}

sub put {
    my ($path, $content) = @_;
    open my $file, '>', $path or die "$path: $!\n";
    print $file $content;
    close $file or die "$path: $!\n";
}

sub xattr {
    my ($path, $name, $value) = @_;
    tool('setfattr', '-h', '-n', $name, '-v', '0x' . unpack('H*', $value), $path) if $value ne '';
    tool('setfattr', '-h', '-n', $name, $path) if $value eq '';
}

sub random_bytes {
    my ($length) = @_;
    my $words = pack 'L*', map { rand 4294967296 } 1 .. $length / 4 + 1;
    return substr $words, 0, $length;
}

sub tool {
    system(@_) == 0 or die "odd-files: @_: failed\n";
}
