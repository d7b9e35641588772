#!/bin/sh
# BIOS with MBR: / ext4 on the first disk; LVM on the whole second disk, without a table, with /data ext4.
. "$(dirname "$0")/common.sh"
hostname=boat-data-disk
odd="ext4:/odd ext4:/data/odd"

make_storage() {
  sfdisk --quiet "$1" <<END
label: dos
label-id: 0xda7ab0a7
start=1MiB, type=83, bootable
END
  settle
  mkfs.ext4 -q -U da7a0001-0000-4000-8000-000000000007 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$1" 1)"
  pvcreate --quiet "$2"
  vgcreate --quiet cargo "$2"
  lvcreate --quiet --yes --extents 80%FREE --name data cargo
  mkfs.ext4 -q -U da7a0002-0000-4000-8000-000000000007 -L boat-data -E lazy_itable_init=0,lazy_journal_init=0 /dev/cargo/data
}

mount_all() {
  mount -o $ext LABEL=boat-root $target
  mkdir -p $target/data
  mount -o $ext LABEL=boat-data $target/data
}

open_storage() {
  settle
  vgchange --quiet --activate y cargo
  settle
}

close_storage() { vgchange --quiet --activate n cargo; }

configure() {
  cat >$target/etc/fstab <<END
LABEL=boat-root / ext4 errors=remount-ro 0 1
/dev/cargo/data /data ext4 defaults 0 2
END
}

install_boot() { install_bios "$1"; }

run_guest "$@"
