# What all guests with stacked storage have in common; sourced by their scripts, which run as root in the workshop, in a mount namespace of their
# own (a mount that is seen in another one keeps its device in use):
#   sh GUEST.sh make DISK...    makes the storage and the system on it, and lets go of both
#   sh GUEST.sh open            assembles what is there, read-only where that is possible, and mounts it at /target
#   sh GUEST.sh close
# A guest's script has the functions make_storage DISK..., open_storage, close_storage, mount_all OPTION, which finds the variables of
# mount_options, and configure, which is run with everything mounted at $target and says what the system needs to know.
set -eu
target=/target

settle() { udevadm settle; }

# The partition of a disk: /dev/vdd 1, /dev/nvme0n1 1
part() {
  case $1 in
    *[0-9]) echo "$1p$2" ;;
    *) echo "$1$2" ;;
  esac
}

# What file systems are mounted with, as the variables ext, xfs and btrfs: rw, or ro, when no journal is replayed.
mount_options() {
  case $1 in
    rw) ext=rw xfs=rw btrfs=rw ;;
    ro) ext=ro,noload xfs=ro,norecovery btrfs=ro,rescue=nologreplay ;;
  esac
}

say() { echo "$(date +%T) $*"; }

make() {
  mkdir -p $target
  say storage
  make_storage "$@"
  mount_options rw
  mount_all rw
  say files
  tar -C $target --xattrs --xattrs-include='*' --numeric-owner -xf /dev/disk/by-id/virtio-BASE
  echo "$hostname" >$target/etc/hostname
  echo "127.0.1.1 $hostname" >>$target/etc/hosts
  configure
  for directory in dev proc sys; do mount --rbind /$directory $target/$directory; done
  say odd files
  cp /run/store/odd-files.pl $target/odd-files.pl
  chroot $target perl /odd-files.pl $odd
  rm $target/odd-files.pl
  say boot loader
  install_boot "$@"
  say done
  for directory in dev proc sys; do umount --recursive $target/$directory; done
  sync
  close_
}

install_bios() {
  chroot $target update-initramfs -u
  for disk in "$@"; do chroot $target grub-install --target=i386-pc "$disk"; done
  chroot $target update-grub
}

install_uefi() {
  chroot $target update-initramfs -u
  chroot $target grub-install --target=x86_64-efi --efi-directory=/boot/efi
  chroot $target update-grub
}

open_() {
  mkdir -p $target
  open_storage
  mount_options ro
  mount_all ro
}

close_() {
  umount --recursive $target
  close_storage
}

run_guest() {
  action=$1
  shift
  case $action in
    make) make "$@" ;;
    open) open_ ;;
    close) close_ ;;
  esac
}
