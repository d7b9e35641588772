#!/bin/sh
# UEFI: two disks, each with an EFI system partition of its own and half of a RAID1; LVM on it: / ext4, /var XFS, swap.
. "$(dirname "$0")/common.sh"
hostname=boat-raid-lvm
odd="ext4:/odd xfs:/var/odd"

make_storage() {
  number=0
  for disk in "$@"; do
    number=$((number + 1))
    sfdisk --quiet "$disk" <<END
label: gpt
label-id: 0A1D000$number-0000-4000-8000-00000000B0A7
start=1MiB, size=64MiB, type=uefi, uuid=0A1D001$number-0000-4000-8000-00000000B0A7, name="EFI System"
type=A19D880F-05FC-4D3B-A006-743F0F84911E, uuid=0A1D002$number-0000-4000-8000-00000000B0A7
END
  done
  settle
  mkfs.vfat -F 32 -i B0A70A11 -n BOAT-ESP1 "$(part "$1" 1)"
  mkfs.vfat -F 32 -i B0A70A12 -n BOAT-ESP2 "$(part "$2" 1)"
  mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --bitmap=internal --homehost=$hostname --name=system \
    --uuid=0a1d0a1d:00000000:00000000:0000b0a7 "$(part "$1" 2)" "$(part "$2" 2)"
  pvcreate --quiet /dev/md0
  vgcreate --quiet boat /dev/md0
  lvcreate --quiet --yes --size 1400M --name root boat
  lvcreate --quiet --yes --size 420M --name var-data boat
  lvcreate --quiet --yes --size 96M --name swap boat
  mkfs.ext4 -q -U 0a1d0003-0000-4000-8000-000000000007 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 /dev/boat/root
  mkfs.xfs -q -f -m uuid=0a1d0004-0000-4000-8000-000000000007 /dev/boat/var-data
  mkswap --quiet --uuid 0a1d0005-0000-4000-8000-000000000007 /dev/boat/swap
}

mount_all() {
  mount -o $ext /dev/boat/root $target
  mkdir -p $target/var $target/boot/efi
  mount -o $xfs /dev/boat/var-data $target/var
  mount -o "$1" LABEL=BOAT-ESP1 $target/boot/efi
}

# On the machine as it was, or where the array has become a partition.
open_storage() {
  settle
  mdadm --assemble --scan --readonly || true
  settle
  vgchange --quiet --activate y boat
  settle
}

close_storage() {
  vgchange --quiet --activate n boat
  if [ -e /dev/md0 ]; then mdadm --stop /dev/md0; fi
  for array in /dev/md/* /dev/md1[0-9]*; do if [ -b "$array" ]; then mdadm --stop "$array"; fi; done
}

configure() {
  cat >$target/etc/fstab <<END
/dev/mapper/boat-root / ext4 errors=remount-ro 0 1
UUID=0a1d0004-0000-4000-8000-000000000007 /var xfs defaults 0 0
UUID=B0A7-0A11 /boot/efi vfat umask=0077 0 1
/dev/boat/swap none swap sw 0 0
END
  {
    printf "HOMEHOST <system>\nMAILADDR root\n"
    mdadm --detail --scan
  } >$target/etc/mdadm/mdadm.conf
}

# The second disk starts too when the first is gone: its EFI system partition is a copy, which is made by hand.
install_boot() {
  install_uefi
  mkdir -p /run/twin
  mount LABEL=BOAT-ESP2 /run/twin
  cp -r $target/boot/efi/EFI /run/twin/
  umount /run/twin
}

run_guest "$@"
