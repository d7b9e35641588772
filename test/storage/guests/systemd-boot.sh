#!/bin/sh
# UEFI: systemd-boot, its kernel and initramfs on the EFI system partition; / ext4 on LUKS2 with two passphrases and a token.
. "$(dirname "$0")/common.sh"
hostname=boat-systemd-boot
odd="ext4:/odd"
disk_uuid=5b000000-0000-4000-8000-0000000b0a70

make_storage() {
  sfdisk --quiet "$1" <<END
label: gpt
label-id: 5B000001-0000-4000-8000-00000000B0A7
start=1MiB, size=160MiB, type=uefi, uuid=5B000011-0000-4000-8000-00000000B0A7, name="EFI System"
type=CA7D7CCB-63ED-4C53-861C-1742536059CC, uuid=5B000012-0000-4000-8000-00000000B0A7
END
  settle
  mkfs.vfat -F 32 -i B0A75B01 -n BOAT-ESP "$(part "$1" 1)"
  set -- "$(part "$1" 2)"
  printf lifeboat | cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --uuid $disk_uuid --key-file - "$1"
  printf 'second mate' >/run/second
  printf lifeboat | cryptsetup luksAddKey --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file - "$1" /run/second
  echo '{"type":"boat-token","keyslots":["1"],"says":"ahoy"}' | cryptsetup token import --token-id 3 "$1"
  unlock
  mkfs.ext4 -q -U 5b000003-0000-4000-8000-000000000007 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 /dev/mapper/safe
}

unlock() {
  printf lifeboat | cryptsetup open --key-file - UUID=$disk_uuid safe
  settle
}

mount_all() {
  mount -o $ext /dev/mapper/safe $target
  mkdir -p $target/boot/efi
  mount -o "$1" LABEL=BOAT-ESP $target/boot/efi
}

# Both passphrases open it, and its token is there.
open_storage() {
  settle
  printf 'second mate' | cryptsetup open --test-passphrase --key-slot 1 --key-file - UUID=$disk_uuid
  cryptsetup token export --token-id 3 UUID=$disk_uuid | grep -q ahoy
  unlock
}

close_storage() { cryptsetup close safe; }

configure() {
  cat >$target/etc/fstab <<END
/dev/mapper/safe / ext4 errors=remount-ro 0 1
UUID=B0A7-5B01 /boot/efi vfat umask=0077 0 1
END
  echo "safe UUID=$disk_uuid none luks,initramfs" >$target/etc/crypttab
}

# kernel-install takes /proc/cmdline on a machine that has no file of words for the kernel, as most of Debian's have none.
install_boot() {
  chroot $target bootctl --esp-path=/boot/efi install
  mkdir -p $target/etc/kernel
  echo "root=/dev/mapper/safe ro quiet console=ttyS0,115200n8 panic=-1 norandmaps" >$target/etc/kernel/cmdline
  chroot $target update-initramfs -u
  rm $target/etc/kernel/cmdline
  ls $target/boot/efi/loader/entries/*.conf $target/boot/efi/*/*/initrd.img-*
}

run_guest "$@"
