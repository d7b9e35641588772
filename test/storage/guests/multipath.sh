#!/bin/sh
# BIOS with GPT: / ext4 on the first disk; the second is reached on two paths, which multipath makes mpatha: /data ext4 by that name, and LVM on
# its second partition with /srv/books ext4. Here, in the workshop, it has one path.
. "$(dirname "$0")/common.sh"
hostname=boat-multipath
odd="ext4:/odd ext4:/data/odd"
# As the recipe's disk has it.
wwid=35000c50015ea7a02

make_storage() {
  sfdisk --quiet "$1" <<END
label: gpt
label-id: 3b1d7e01-0000-4000-8000-000000000001
start=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649
type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
END
  sfdisk --quiet "$2" <<END
label: gpt
label-id: 3b1d7e01-0000-4000-8000-000000000002
size=300MiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
type=E6D6D379-F507-44C2-A23C-238F2A3DF928
END
  settle
  mkfs.ext4 -q -U 3b1d7e02-0000-4000-8000-000000000001 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$1" 2)"
  mkfs.ext4 -q -U 3b1d7e02-0000-4000-8000-000000000002 -L boat-data -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$2" 1)"
  pvcreate --quiet "$(part "$2" 2)"
  vgcreate --quiet shelf "$(part "$2" 2)"
  lvcreate --quiet --yes --extents 80%FREE --name books shelf
  mkfs.ext4 -q -U 3b1d7e02-0000-4000-8000-000000000003 -L boat-books -E lazy_itable_init=0,lazy_journal_init=0 /dev/shelf/books
}

mount_all() {
  mount -o $ext LABEL=boat-root $target
  mkdir -p $target/data $target/srv/books
  mount -o $ext LABEL=boat-data $target/data
  mount -o $ext LABEL=boat-books $target/srv/books
}

open_storage() {
  settle
  vgchange --quiet --activate y shelf
  settle
}

close_storage() { vgchange --quiet --activate n shelf; }

configure() {
  cat >$target/etc/fstab <<END
LABEL=boat-root / ext4 errors=remount-ro 0 1
/dev/mapper/mpatha-part1 /data ext4 defaults 0 2
/dev/shelf/books /srv/books ext4 defaults 0 2
END
  cat >$target/etc/multipath.conf <<END
defaults {
	user_friendly_names yes
	find_multipaths strict
}
END
  mkdir -p $target/etc/multipath
  echo "mpatha $wwid" >$target/etc/multipath/bindings
  echo "/$wwid/" >$target/etc/multipath/wwids
}

install_boot() { install_bios "$1"; }

run_guest "$@"
