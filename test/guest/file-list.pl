#!/usr/bin/perl
# Lists what a tree holds, one line a path, without any of Lifeboat's code: the witness of the round-trip tests.
# Needs perl-base and b2sum, so that it runs inside a small guest too. Usage:
#
#   perl file-list.pl ROOT [--mount PATH]... [--fat PATH]... [--skip PATH]... > LIST
#
# Paths of options are as seen below ROOT ("/boot"). Another file system than ROOT's is listed only where --mount or --fat names
# it; --fat is for vfat, which keeps neither owners nor modes nor times of directories. --skip leaves a path and what is below it out.
#
# A line has these fields, with tabs between them; "-" stands for nothing:
#   path      every byte but "!" to "~" as %XX, and "%" too; lines are sorted by the bytes of the path
#   type      file directory symlink fifo socket block character
#   mode      four or more octal digits
#   uid gid
#   size      of files and links in bytes (a directory's depends on its history)
#   mtime     seconds.nanoseconds; seconds may be negative, nanoseconds count forward: half a second before 1970 is -1.500000000
#   links     the first path of those that are the same inode
#   device    major:minor
#   target    of a link, written like the path
#   digest    b2sum of the content; where holes make up more than 64 MiB, "sparse:" and the b2sum of the content with each
#             4 KiB block that is not all zeroes preceded by its offset as a 64-bit number: a file that lost its holes has another line
#   xattrs    NAME=HEX, with commas between them, sorted; POSIX ACLs are among them
#   flags     of the inode, lsattr's letters: a append, A no atime, c compress, C no copy on write, d no dump, D synchronous directory,
#             i immutable, j data in the journal, P project hierarchy, S synchronous, t no tail, T top of hierarchy, u undeletable.
#             What the file system itself sets (e extents, I index, N inline data …) is left out.
use strict;
use warnings;
no warnings 'recursion';
use Fcntl qw(:mode O_RDONLY O_NONBLOCK O_NOFOLLOW O_NOATIME F_SETFD);

use constant { MANY_HOLES => 64 << 20, BLOCK => 4096, BATCH => 400, FS_IOC_GETFLAGS => 0x80086601 };
use constant { SEEK_DATA => 3, SEEK_HOLE => 4, AT_FDCWD => -100, AT_SYMLINK_NOFOLLOW => 0x100, STATX_BASIC_STATS => 0x7ff };

# perl-base has no Time::HiRes and no xattrs: the system calls themselves, by their numbers (asm/unistd_64.h, asm-generic/unistd.h).
my %CALLS = (x86_64 => { statx => 332, llistxattr => 195, lgetxattr => 192 }, aarch64 => { statx => 291, llistxattr => 12, lgetxattr => 9 });
my ($machine) = `uname -m` =~ /(\S+)/;
my $call = $CALLS{$machine} or die "file-list: no system call numbers for $machine\n";

my %FLAGS = (
    a => 0x20, A => 0x80, c => 0x4, C => 0x800000, d => 0x40, D => 0x10000, i => 0x10, j => 0x4000,
    P => 0x20000000, S => 0x8, t => 0x8000, T => 0x20000, u => 0x2,
);
my %TYPES = (
    S_IFREG, 'file', S_IFDIR, 'directory', S_IFLNK, 'symlink', S_IFIFO, 'fifo', S_IFSOCK, 'socket', S_IFBLK, 'block', S_IFCHR, 'character',
);

my ($root, %mounts, %fat, %skipped);
while (@ARGV) {
    my $word = shift;
    if ($word eq '--mount') { $mounts{ shift() } = 1 }
    elsif ($word eq '--fat') { my $path = shift; $mounts{$path} = $fat{$path} = 1 }
    elsif ($word eq '--skip') { $skipped{ shift() } = 1 }
    else { $root = $word }
}
die "usage: file-list.pl ROOT [--mount PATH] [--fat PATH] [--skip PATH]\n" unless defined $root;

my @entries;    # hashes; what needs all entries (links, order) is filled in afterwards
my @pending;    # [entry, handle] of files whose digest is wanted
my %digests;    # by device:inode

chdir $root or die "file-list: cannot enter $root: $!\n";
my $top = entry('.', '/', 0);
push @entries, $top;
descend('', $top->{dev}, 0);
digest_pending();
print_lists();

# Lists the directory that we are in; its path is $prefix, "" for the root. Names stay short, so paths may be as long as they like.
sub descend {
    my ($prefix, $device, $is_fat) = @_;
    opendir my $directory, '.' or die "file-list: cannot list $prefix: $!\n";
    my @names = sort grep { $_ ne '.' && $_ ne '..' } readdir $directory;
    closedir $directory;
    for my $name (@names) {
        my $path = "$prefix/$name";
        next if $skipped{$path};
        my $entry = entry($name, $path, $is_fat || $fat{$path});
        push @entries, $entry;
        next unless $entry->{type} eq 'directory' && ($entry->{dev} eq $device || $mounts{$path});
        chdir $name or die "file-list: cannot enter $path: $!\n";
        descend($path, $entry->{dev}, $is_fat || $fat{$path});
        chdir '..' or die "file-list: cannot go back to $prefix: $!\n";
    }
}

sub entry {
    my ($name, $path, $is_fat) = @_;
    my $entry = stat_of($name, $path);
    $entry->{path} = $path;
    $entry->{target} = readlink $name if $entry->{type} eq 'symlink';
    $entry->{xattrs} = xattrs_of($name, $path) unless $is_fat;
    if ($entry->{type} eq 'file' || $entry->{type} eq 'directory') { open_entry($entry, $name, $is_fat) }
    if ($is_fat) {
        $entry->{$_} = '-' for qw(mode uid gid);
        $entry->{mtime} = '-' if $entry->{type} eq 'directory';
    }
    return $entry;
}

# Layout: linux/stat.h, struct statx; the same on every architecture.
sub stat_of {
    my ($name, $path) = @_;
    my $buffer = "\0" x 256;
    my $failed = syscall($call->{statx}, AT_FDCWD, $name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, $buffer);
    die "file-list: cannot stat $path: $!\n" if $failed;
    my (undef, undef, undef, $nlink, $uid, $gid, $mode, $inode, $size, $blocks) = unpack 'L L Q L L L S x2 Q Q Q', $buffer;
    my ($seconds, $nanoseconds, $major, $minor, $dev_major, $dev_minor) = unpack 'x112 q L x4 L4', $buffer;
    my $type = $TYPES{ S_IFMT($mode) };
    return {
        type => $type, mode => sprintf('%04o', $mode & 07777), uid => $uid, gid => $gid, mtime => sprintf('%d.%09d', $seconds, $nanoseconds),
        size => ($type eq 'file' || $type eq 'symlink' ? $size : '-'), blocks => $blocks,
        device => ($type eq 'block' || $type eq 'character' ? "$major:$minor" : undef),
        dev => "$dev_major:$dev_minor", key => "$dev_major:$dev_minor:$inode", nlink => $nlink,
    };
}

# Reads the flags, and keeps a file open until its digest is taken: by descriptor, b2sum needs neither its name nor its path.
sub open_entry {
    my ($entry, $name, $is_fat) = @_;
    my $handle;
    sysopen($handle, $name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOATIME) or die "file-list: cannot open $entry->{path}: $!\n";
    unless ($is_fat) {
        my $flags = "\0" x 8;
        # Some file systems have none.
        my $bits = ioctl($handle, FS_IOC_GETFLAGS, $flags) ? unpack('L', $flags) : 0;
        $entry->{flags} = join '', grep { $bits & $FLAGS{$_} } sort { lc $a cmp lc $b || $a cmp $b } keys %FLAGS;
    }
    return if $entry->{type} ne 'file' || exists $digests{ $entry->{key} };
    if ($entry->{size} - $entry->{blocks} * 512 > MANY_HOLES) {
        $digests{ $entry->{key} } = 'sparse:' . sparse_digest($handle, $entry->{size});
        return;
    }
    $digests{ $entry->{key} } = '';
    push @pending, [$entry, $handle];
    digest_pending() if @pending == BATCH;
}

sub digest_pending {
    return unless @pending;
    # Open in the child too.
    fcntl $_->[1], F_SETFD, 0 for @pending;
    open my $output, '-|', 'b2sum', map { '/proc/self/fd/' . fileno $_->[1] } @pending or die "file-list: cannot run b2sum: $!\n";
    for (@pending) {
        my ($digest) = (readline($output) // '') =~ /^\\?([0-9a-f]{128}) / or die "file-list: no digest of $_->[0]{path}\n";
        $digests{ $_->[0]{key} } = $digest;
    }
    close $output or die "file-list: b2sum failed\n";
    @pending = ();
}

sub sparse_digest {
    my ($handle, $size) = @_;
    my $zeroes = "\0" x BLOCK;
    # Arguments cannot carry the handle: the parent writes, the child's output comes back by a pipe.
    pipe my $result, my $child_output or die;
    pipe my $child_input, my $feed or die;
    my $child = fork // die "file-list: cannot fork: $!\n";
    if ($child == 0) {
        open STDIN, '<&', $child_input or die;
        open STDOUT, '>&', $child_output or die;
        close $_ for $feed, $result;
        exec 'b2sum' or die "file-list: cannot run b2sum: $!\n";
    }
    close $_ for $child_input, $child_output;
    for (my $at = 0; defined($at = sysseek $handle, $at, SEEK_DATA);) {
        my $end = sysseek($handle, $at, SEEK_HOLE) + 0;
        sysseek $handle, $at -= $at % BLOCK, 0;
        while ($at < $end) {
            my $length = sysread($handle, my $block, BLOCK) or last;
            print $feed pack('Q', $at), $block if $block ne substr $zeroes, 0, $length;
            $at += $length;
        }
        last if $at >= $size;
    }
    close $feed;
    my ($digest) = (readline($result) // '') =~ /^([0-9a-f]{128}) / or die "file-list: no digest of a sparse file\n";
    waitpid $child, 0;
    return $digest;
}

sub xattrs_of {
    my ($name, $path) = @_;
    my $names = "\0" x 65536;
    my $length = syscall($call->{llistxattr}, $name, $names, length $names);
    return '' if $length <= 0;
    my @pairs;
    for my $attribute (split /\0/, substr $names, 0, $length) {
        my $value = "\0" x 65536;
        my $size = syscall($call->{lgetxattr}, $name, $attribute, $value, length $value);
        die "file-list: cannot read $attribute of $path: $!\n" if $size < 0;
        push @pairs, escaped($attribute) . '=' . unpack 'H*', substr $value, 0, $size;
    }
    return join ',', sort @pairs;
}

sub escaped {
    my ($bytes) = @_;
    $bytes =~ s/([^!-~]|%)/sprintf '%%%02X', ord $1/ge;
    return $bytes;
}

sub print_lists {
    my %first;
    @entries = sort { $a->{path} cmp $b->{path} } @entries;
    for (@entries) { $first{ $_->{key} } //= $_->{path} if $_->{nlink} > 1 && $_->{type} ne 'directory' }
    for my $entry (@entries) {
        $entry->{digest} = $digests{ $entry->{key} } if $entry->{type} eq 'file';
        $entry->{links} = $first{ $entry->{key} };
        $entry->{$_} = escaped($entry->{$_}) for grep { defined $entry->{$_} } qw(path links target);
        my @fields = map { defined $_ && $_ ne '' ? $_ : '-' } @$entry{qw(path type mode uid gid size mtime links device target digest xattrs flags)};
        print join("\t", @fields), "\n";
    }
    close STDOUT or die "file-list: cannot write the list: $!\n";
}
