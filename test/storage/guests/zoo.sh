#!/bin/sh
# BIOS with MBR: / ext4 on a partition, F2FS, JFS and ReiserFS beside it; arrays of levels 0, 5 with a spare, 6 and 10 and LVM of every form on four disks.
. "$(dirname "$0")/common.sh"
hostname=boat-zoo
odd="ext4:/odd"

make_storage() {
  sfdisk --quiet "$1" <<END
label: dos
label-id: 0x2000b0a7
start=1MiB, size=1700MiB, type=83, bootable
size=128MiB, type=83
size=128MiB, type=83
type=83
END
  shift
  for disk in "$@"; do
    sfdisk --quiet "$disk" <<END
label: gpt
size=64MiB, type=linux-raid
size=64MiB, type=linux-raid
size=64MiB, type=linux-raid
size=64MiB, type=linux-raid
type=linux-lvm
END
  done
  settle
  system=/dev/disk/by-id/virtio-zoo-1
  mkfs.ext4 -q -U 20000001-0000-4000-8000-000000000007 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 $system-part1
  mkfs.f2fs -q -f -O extra_attr,inode_checksum,inode_crtime,compression -l boat-f2fs $system-part2
  mkfs.jfs -q -L boat-jfs $system-part3
  mkreiserfs -q -f -l boat-reiser $system-part4
  number=0
  for level in 0 5 6 10; do
    number=$((number + 1))
    case $level in
      5) shape="--raid-devices=3 --spare-devices=1 --metadata=1.2" ;;
      10) shape="--raid-devices=4 --metadata=1.0" ;;
      *) shape="--raid-devices=4 --metadata=1.2" ;;
    esac
    mdadm --create /dev/md$level --run --level=$level $shape --chunk=64 --homehost=$hostname --name=r$level \
      "$(part "$1" $number)" "$(part "$2" $number)" "$(part "$3" $number)" "$(part "$4" $number)"
    mkfs.ext4 -q -L boat-raid$level /dev/md$level
  done
  pvcreate --quiet "$(part "$1" 5)" "$(part "$2" 5)" "$(part "$3" 5)" "$(part "$4" 5)"
  vgcreate --quiet --physicalextentsize 1M zoo "$(part "$1" 5)" "$(part "$2" 5)" "$(part "$3" 5)" "$(part "$4" 5)"
  lvcreate --quiet --yes --stripes 3 --stripesize 64k --size 60M --name striped zoo
  lvcreate --quiet --yes --type raid1 --mirrors 1 --size 40M --name mirrored zoo
  lvcreate --quiet --yes --type raid5 --stripes 2 --size 40M --name five zoo
  lvcreate --quiet --yes --extents 150 --name over-three zoo
  for name in striped mirrored five over-three; do mkfs.ext4 -q -L "lv-$name" /dev/zoo/$name; done
}

KINDS="f2fs:LABEL=boat-f2fs jfs:LABEL=boat-jfs reiserfs:LABEL=boat-reiser ext4:LABEL=boat-raid0 ext4:LABEL=boat-raid5 ext4:LABEL=boat-raid6
  ext4:LABEL=boat-raid10 ext4:LABEL=lv-striped ext4:LABEL=lv-mirrored ext4:LABEL=lv-five ext4:LABEL=lv-over-three"

mount_all() {
  mount -o $ext LABEL=boat-root $target
  for kind in $KINDS; do
    type=${kind%%:*} spec=${kind#*:}
    place=$target/srv/${spec#LABEL=}
    mkdir -p "$place"
    case $type in
      ext4) mount -t ext4 -o $ext "$spec" "$place" ;;
      *) mount -t "$type" -o "$1" "$spec" "$place" ;;
    esac
    if [ "$1" = rw ]; then
      echo "on $kind" >"$place/file"
      mkdir "$place/directory"
      ln -s file "$place/link"
    fi
  done
}

open_storage() {
  settle
  mdadm --assemble --scan --readonly || true
  vgchange --quiet --activate y zoo
  settle
}

close_storage() {
  vgchange --quiet --activate n zoo
  mdadm --stop --scan
}

configure() {
  {
    echo "LABEL=boat-root / ext4 errors=remount-ro 0 1"
    for kind in $KINDS; do echo "${kind#*:} /srv/${kind#*:LABEL=} ${kind%%:*} defaults 0 0"; done
  } >$target/etc/fstab
  {
    echo "MAILADDR root"
    mdadm --detail --scan
  } >$target/etc/mdadm/mdadm.conf
}

install_boot() { install_bios "$1"; }

run_guest "$@"
