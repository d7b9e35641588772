#!/bin/sh
# BIOS with MBR: /boot ext4; LVM with a thin pool, / ext4 and /srv XFS thin in it.
. "$(dirname "$0")/common.sh"
hostname=boat-thin
odd="ext4:/odd xfs:/srv/odd"

make_storage() {
  sfdisk --quiet "$1" <<END
label: dos
label-id: 0x7418b0a7
start=1MiB, size=160MiB, type=83, bootable
type=8e
END
  settle
  mkfs.ext4 -q -U 74180002-0000-4000-8000-000000000007 -L boat-boot -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$1" 1)"
  pvcreate --quiet "$(part "$1" 2)"
  vgcreate --quiet boat "$(part "$1" 2)"
  lvcreate --quiet --yes --type thin-pool --size 2000M --chunksize 128k --poolmetadatasize 8M --name pool boat
  lvcreate --quiet --yes --type thin --virtualsize 3000M --thinpool pool --name root boat
  lvcreate --quiet --yes --type thin --virtualsize 2000M --thinpool pool --name srv boat
  lvcreate --quiet --yes --size 64M --name swap boat
  mkfs.ext4 -q -U 74180003-0000-4000-8000-000000000007 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 /dev/boat/root
  mkfs.xfs -q -f -m uuid=74180004-0000-4000-8000-000000000007 /dev/boat/srv
  mkswap --quiet --uuid 74180005-0000-4000-8000-000000000007 /dev/boat/swap
}

mount_all() {
  mount -o $ext /dev/boat/root $target
  mkdir -p $target/srv $target/boot
  mount -o $xfs /dev/boat/srv $target/srv
  mount -o $ext LABEL=boat-boot $target/boot
}

open_storage() {
  settle
  vgchange --quiet --activate y boat
  settle
}

close_storage() { vgchange --quiet --activate n boat; }

configure() {
  cat >$target/etc/fstab <<END
/dev/mapper/boat-root / ext4 errors=remount-ro 0 1
/dev/mapper/boat-srv /srv xfs defaults 0 0
LABEL=boat-boot /boot ext4 defaults 0 2
/dev/mapper/boat-swap none swap sw 0 0
END
}

install_boot() { install_bios "$@"; }

run_guest "$@"
