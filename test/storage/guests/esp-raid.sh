#!/bin/sh
# UEFI, two disks: the EFI system partition is a RAID1 whose superblock stands at its end, with a boot entry for each half; / ext4 on a partition of the
# first disk, which fstab and the kernel's command line name by its PARTUUID.
. "$(dirname "$0")/common.sh"
hostname=boat-esp-raid
odd="ext4:/odd"
root_uuid=e59a1d13-0000-4000-8000-0000000b0a70

make_storage() {
  number=0
  for disk in "$@"; do
    number=$((number + 1))
    sfdisk --quiet "$disk" <<END
label: gpt
label-id: E59A1D0$number-0000-4000-8000-00000000B0A7
start=1MiB, size=64MiB, type=uefi, uuid=E59A1D1$number-0000-4000-8000-00000000B0A7
type=linux, uuid=$([ $number = 1 ] && echo $root_uuid || echo e59a1d23-0000-4000-8000-0000000b0a70)
END
  done
  settle
  mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.0 --homehost=$hostname --name=esp "$(part "$1" 1)" "$(part "$2" 1)"
  mkfs.vfat -F 32 -i E59A1D00 -n BOAT-ESP /dev/md0
  mkfs.ext4 -q -L boat-root -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$1" 2)"
  mkfs.ext4 -q -L boat-srv -E lazy_itable_init=0,lazy_journal_init=0 "$(part "$2" 2)"
}

mount_all() {
  mount -o $ext LABEL=boat-root $target
  mkdir -p $target/srv $target/boot/efi
  mount -o $ext LABEL=boat-srv $target/srv
  # In the workshop, which is another host, it may have any name.
  settle
  mount -o "$1" -t vfat LABEL=BOAT-ESP $target/boot/efi
}

open_storage() {
  settle
  mdadm --assemble --scan --readonly || true
  settle
}

close_storage() { mdadm --stop --scan; }

configure() {
  cat >$target/etc/fstab <<END
PARTUUID=$root_uuid / ext4 errors=remount-ro 0 1
LABEL=boat-srv /srv ext4 defaults 0 2
UUID=E59A-1D00 /boot/efi vfat umask=0077 0 1
END
  {
    printf "HOMEHOST <system>\nMAILADDR root\n"
    mdadm --detail --scan
  } >$target/etc/mdadm/mdadm.conf
  printf 'GRUB_DISABLE_LINUX_UUID=true\nGRUB_DISABLE_LINUX_PARTUUID=false\n' >$target/etc/default/grub.d/partuuid.cfg
}

# GRUB's installer cannot name an array to the firmware: it is told of each half by hand.
install_boot() {
  chroot $target update-initramfs -u
  chroot $target grub-install --target=x86_64-efi --efi-directory=/boot/efi --bootloader-id=debian --no-nvram
  chroot $target update-grub
  grep -q "root=PARTUUID=$root_uuid" $target/boot/grub/grub.cfg
  chroot $target efibootmgr --quiet --create --disk "$2" --part 1 --label "second half" --loader '\EFI\debian\grubx64.efi'
  chroot $target efibootmgr --quiet --create --disk "$1" --part 1 --label "first half" --loader '\EFI\debian\grubx64.efi'
}

run_guest "$@"
