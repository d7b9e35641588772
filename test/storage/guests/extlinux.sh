#!/bin/sh
# BIOS with MBR, for IDE: extlinux in a /boot of its own; logical partitions with / ext4, swap, NTFS, data of no kind that is known, and /home XFS.
. "$(dirname "$0")/common.sh"
hostname=boat-extlinux
odd="ext4:/odd xfs:/home/odd"

make_storage() {
  sfdisk --quiet "$1" <<END
label: dos
label-id: 0x1de0b0a7
start=1MiB, size=160MiB, type=83, bootable
type=5
size=1700MiB, type=83
size=64MiB, type=82
size=64MiB, type=7
size=16MiB, type=da
type=83
END
  settle
  mkfs.ext2 -q -U 1de00001-0000-4000-8000-000000000007 -L boat-boot "$(part "$1" 1)"
  mkfs.ext4 -q -U 1de00005-0000-4000-8000-000000000007 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$1" 5)"
  mkswap --quiet --uuid 1de00006-0000-4000-8000-000000000007 "$(part "$1" 6)"
  mkntfs --quiet --fast --label boat-windows "$(part "$1" 7)"
  letters >/run/letters
  ntfscp "$(part "$1" 7)" /run/letters letters
  unknown >"$(part "$1" 8)"
  mkfs.xfs -q -f -m uuid=1de00009-0000-4000-8000-000000000007 -L boat-home "$(part "$1" 9)"
}

letters() { seq 1 20000; }

unknown() { yes "what nobody knows" | head -c 16777216; }

mount_all() {
  mount -o $ext LABEL=boat-root $target
  mkdir -p $target/boot $target/home
  mount -t ext2 -o "$1" LABEL=boat-boot $target/boot
  mount -o $xfs LABEL=boat-home $target/home
}

# What nothing mounts is there to the last byte.
open_storage() {
  settle
  letters >/run/letters
  ntfscat /dev/disk/by-label/boat-windows letters | cmp - /run/letters
  unknown | cmp - /dev/disk/by-partuuid/1de0b0a7-08
}

close_storage() { :; }

configure() {
  cat >$target/etc/fstab <<END
/dev/sda5 / ext4 errors=remount-ro 0 1
UUID=1de00001-0000-4000-8000-000000000007 /boot ext2 defaults 0 2
LABEL=boat-home /home xfs defaults 0 2
/dev/sda6 none swap sw 0 0
END
  # What starts from virtio is left out: it has to be put in.
  sed -i 's/^manual_add_modules .*/manual_add_modules ata_piix sd_mod ext4 crc32c_generic/' $target/etc/initramfs-tools/hooks/guest
}

install_boot() {
  chroot $target update-initramfs -u
  release=$(ls $target/lib/modules)
  mkdir -p $target/boot/extlinux
  cat >$target/boot/extlinux/extlinux.conf <<END
SERIAL 0 115200
DEFAULT linux
LABEL linux
  KERNEL /vmlinuz-$release
  INITRD /initrd.img-$release
  APPEND root=/dev/sda5 ro quiet console=ttyS0,115200n8 panic=-1 norandmaps
END
  chroot $target extlinux --install /boot/extlinux
  dd if=$target/usr/lib/EXTLINUX/mbr.bin of="$1" bs=440 count=1 conv=notrunc status=none
}

run_guest "$@"
