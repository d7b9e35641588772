#!/bin/sh
# Fills the file systems of a new guest's disk, which are mounted at $ROOT: with-mounts.sh runs it.
# Usage: populate.sh BASE KIND HOSTNAME FSTAB SWAP-FILE-BYTES FILE-SYSTEM:ODD-DIRECTORY...
# BASE is the directory that base-tree.ts makes.
set -eu
base=$1 kind=$2 hostname=$3 fstab=$4 swap=$5
shift 5

tar -C "$ROOT" --xattrs --xattrs-include='*' --numeric-owner -xf "$base/root.tar"
echo "$hostname" >"$ROOT/etc/hostname"
echo "127.0.1.1 $hostname" >>"$ROOT/etc/hosts"
cp "$fstab" "$ROOT/etc/fstab"
chmod 0644 "$ROOT/etc/fstab"
if [ "$swap" -gt 0 ]; then
  dd if=/dev/zero of="$ROOT/swapfile" bs=1M count=$((swap >> 20)) status=none
  chmod 0600 "$ROOT/swapfile"
  mkswap --quiet --uuid b1050000-0000-4000-8000-00000000f11e "$ROOT/swapfile"
fi

# dpkg does not let dracut take the place of initramfs-tools by itself. Only what this machine needs: on another controller it has to be made again.
if [ "$kind" = dracut ]; then
  chroot "$ROOT" dpkg --force-depends --purge initramfs-tools initramfs-tools-core
  rm -rf "$ROOT/etc/initramfs-tools"
  mkdir -p "$ROOT/etc/dracut.conf.d"
  printf 'hostonly="yes"\ncompress="zstd -1 -q"\n' >"$ROOT/etc/dracut.conf.d/guest.conf"
fi

# The packages' scripts find no disk to install on; the first boot does that.
mkdir "$ROOT/packages"
cp "$base/$kind"-packages/*.deb "$ROOT/packages"
chroot "$ROOT" env DEBIAN_FRONTEND=noninteractive sh -c 'dpkg --force-unsafe-io --install /packages/*.deb'
rm -r "$ROOT/packages"

cp "$(dirname "$0")/odd-files.pl" "$ROOT/odd-files.pl"
chroot "$ROOT" perl /odd-files.pl "$@"
rm "$ROOT/odd-files.pl"
