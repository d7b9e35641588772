#!/bin/sh
# BIOS with GPT: /boot ext4; LUKS2, LVM on it, btrfs with subvolumes for / and /home, swap.
. "$(dirname "$0")/common.sh"
hostname=boat-luks-btrfs
odd="btrfs:/odd ext4:/boot/odd"
disk_uuid=1c5b0000-0000-4000-8000-0000000b0a70

make_storage() {
  sfdisk --quiet "$1" <<END
label: gpt
label-id: 1C5B0001-0000-4000-8000-00000000B0A7
start=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649
size=160MiB, type=linux
type=CA7D7CCB-63ED-4C53-861C-1742536059CC, uuid=1C5B0013-0000-4000-8000-00000000B0A7, name="the safe"
END
  settle
  mkfs.ext4 -q -U 1c5b0002-0000-4000-8000-000000000007 -L boat-boot -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$1" 2)"
  printf lifeboat | cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --uuid $disk_uuid --label boat-safe \
    --key-file - "$(part "$1" 3)"
  unlock
  pvcreate --quiet /dev/mapper/safe
  vgcreate --quiet boat /dev/mapper/safe
  lvcreate --quiet --yes --size 96M --name swap boat
  lvcreate --quiet --yes --extents 100%FREE --name system boat
  mkswap --quiet --uuid 1c5b0005-0000-4000-8000-000000000007 /dev/boat/swap
  mkfs.btrfs -q -U 1c5b0003-0000-4000-8000-000000000007 -L boat-system /dev/boat/system
  mount /dev/boat/system $target
  for name in @ @home @empty; do btrfs subvolume create $target/$name; done
  btrfs subvolume set-default $target/@
  umount $target
}

unlock() {
  settle
  printf lifeboat | cryptsetup open --key-file - UUID=$disk_uuid safe
  settle
}

mount_all() {
  if [ "$1" = rw ]; then btrfs=$btrfs,compress=zstd:1; fi
  mount -o $btrfs,subvol=@ /dev/boat/system $target
  mkdir -p $target/home $target/boot
  mount -o $btrfs,subvol=@home /dev/boat/system $target/home
  mount -o $ext LABEL=boat-boot $target/boot
  # One inside of another, which nothing mounts.
  if [ "$1" = rw ]; then
    mkdir -p $target/var/lib
    btrfs subvolume create $target/var/lib/inside
    echo inside >$target/var/lib/inside/file
  fi
}

open_storage() {
  settle
  unlock
  vgchange --quiet --activate y boat
  settle
}

close_storage() {
  vgchange --quiet --activate n boat
  cryptsetup close safe
}

configure() {
  cat >$target/etc/fstab <<END
UUID=1c5b0003-0000-4000-8000-000000000007 / btrfs subvol=@,compress=zstd:1 0 0
UUID=1c5b0003-0000-4000-8000-000000000007 /home btrfs subvol=@home,compress=zstd:1 0 0
UUID=1c5b0002-0000-4000-8000-000000000007 /boot ext4 defaults 0 2
/dev/mapper/boat-swap none swap sw 0 0
END
  echo "safe UUID=$disk_uuid none luks,initramfs" >$target/etc/crypttab
}

install_boot() { install_bios "$@"; }

run_guest "$@"
