#!/bin/sh
# BIOS with GPT: btrfs RAID1 over two disks, with GRUB on both; /boot is a directory of it.
. "$(dirname "$0")/common.sh"
hostname=boat-btrfs-raid1
odd="btrfs:/odd btrfs:/home/odd"

make_storage() {
  for disk in "$@"; do
    sfdisk --quiet "$disk" <<END
label: gpt
start=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649
type=linux
END
  done
  settle
  mkfs.btrfs -q -U b7f50003-0000-4000-8000-000000000007 -L boat-pair -d raid1 -m raid1 "$(part "$1" 2)" "$(part "$2" 2)"
  btrfs device scan
  mount LABEL=boat-pair $target
  for name in @ @home; do btrfs subvolume create $target/$name; done
  umount $target
}

mount_all() {
  mount -o $btrfs,subvol=@ LABEL=boat-pair $target
  mkdir -p $target/home
  mount -o $btrfs,subvol=@home LABEL=boat-pair $target/home
}

open_storage() {
  settle
  btrfs device scan
}

close_storage() { :; }

configure() {
  cat >$target/etc/fstab <<END
UUID=b7f50003-0000-4000-8000-000000000007 / btrfs subvol=@ 0 0
UUID=b7f50003-0000-4000-8000-000000000007 /home btrfs subvol=@home 0 0
END
}

install_boot() { install_bios "$@"; }

run_guest "$@"
