#!/bin/sh
# BIOS with GPT, two disks: /boot on RAID1 that GRUB reads; RAID1, LUKS1 on it, LVM on that: / ext4 and swap; a bind mount; a volume group that is not
# active.
. "$(dirname "$0")/common.sh"
hostname=boat-nested
odd="ext4:/odd"
disk_uuid=3e57ed00-0000-4000-8000-0000000b0a70

make_storage() {
  number=0
  for disk in "$@"; do
    number=$((number + 1))
    sfdisk --quiet "$disk" <<END
label: gpt
label-id: 3E57ED0$number-0000-4000-8000-00000000B0A7
start=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649
size=160MiB, type=linux-raid
size=16MiB, type=linux-lvm
type=linux-raid
END
  done
  settle
  mdadm --create /dev/md1 --run --level=1 --raid-devices=2 --metadata=1.0 --homehost=$hostname --name=boot "$(part "$1" 2)" \
    --write-mostly "$(part "$2" 2)"
  mdadm --create /dev/md2 --run --level=1 --raid-devices=2 --metadata=1.2 --homehost=$hostname --name=system "$(part "$1" 4)" "$(part "$2" 4)"
  mkfs.ext4 -q -L boat-boot -E lazy_itable_init=0,lazy_journal_init=0 /dev/md1
  printf lifeboat | cryptsetup luksFormat --batch-mode --type luks1 --pbkdf-force-iterations 1000 --uuid $disk_uuid --key-file - /dev/md2
  unlock
  pvcreate --quiet /dev/mapper/safe
  vgcreate --quiet boat /dev/mapper/safe
  lvcreate --quiet --yes --size 96M --name swap boat
  lvcreate --quiet --yes --extents 100%FREE --name the-root boat
  mkswap --quiet --uuid 3e57ed05-0000-4000-8000-000000000007 /dev/boat/swap
  mkfs.ext4 -q -U 3e57ed03-0000-4000-8000-000000000007 -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 /dev/boat/the-root
  pvcreate --quiet "$(part "$1" 3)"
  vgcreate --quiet --setautoactivation n asleep "$(part "$1" 3)"
  lvcreate --quiet --yes --size 4M --name dream asleep
  vgchange --quiet --activate n asleep
}

unlock() {
  settle
  printf lifeboat | cryptsetup open --key-file - UUID=$disk_uuid safe
  settle
}

mount_all() {
  mount -o $ext /dev/boat/the-root $target
  mkdir -p $target/boot $target/srv/bound $target/opt/books
  mount -o $ext LABEL=boat-boot $target/boot
  mount --bind $target/opt/books $target/srv/bound
  if [ "$1" = rw ]; then echo bound >$target/srv/bound/book; fi
}

open_storage() {
  settle
  mdadm --assemble --scan --readonly || true
  settle
  unlock
  vgchange --quiet --activate y boat
  settle
}

close_storage() {
  vgchange --quiet --activate n boat
  cryptsetup close safe
  mdadm --stop --scan
}

configure() {
  cat >$target/etc/fstab <<END
/dev/boat/the-root / ext4 errors=remount-ro 0 1
LABEL=boat-boot /boot ext4 defaults 0 2
/opt/books /srv/bound none bind 0 0
/dev/mapper/boat-swap none swap sw 0 0
END
  echo "safe UUID=$disk_uuid none luks,initramfs" >$target/etc/crypttab
  {
    printf "HOMEHOST <system>\nMAILADDR root\n"
    mdadm --detail --scan
  } >$target/etc/mdadm/mdadm.conf
}

install_boot() { install_bios "$@"; }

run_guest "$@"
