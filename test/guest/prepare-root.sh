#!/bin/sh
# What makes a tree of Debian packages the system of a guest: accounts, services, initramfs. A hook of mmdebstrap, as root.
# Usage: prepare-root.sh before ROOT MODULE... (packages come next) | prepare-root.sh after ROOT PASSWORD
set -eu
root=$2

# Only what boots from a virtio disk: on another controller the initramfs has to be made again.
before() {
  mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/etc/initramfs-tools/hooks" "$root/etc/default/grub.d"
  cat >"$root/etc/initramfs-tools/conf.d/guest" <<END
MODULES=list
COMPRESS=zstd
COMPRESSLEVEL=1
RESUME=none
END
  # A hook takes them in; those of /etc/initramfs-tools/modules would all be loaded at each boot.
  cat >"$root/etc/initramfs-tools/hooks/guest" <<END
#!/bin/sh
[ "\$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules $modules
END
  chmod 0755 "$root/etc/initramfs-tools/hooks/guest"
  # Without norandmaps the emulator translates every program anew each time that it is started.
  cat >"$root/etc/default/grub.d/guest.cfg" <<END
GRUB_TIMEOUT=0
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="console=ttyS0,115200n8 panic=-1 norandmaps"
GRUB_TERMINAL=serial
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
GRUB_DISABLE_OS_PROBER=true
END
}

after() {
  password=$1
  rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/apt/sources.list" "$root/etc/resolv.conf" "$root/lib/udev/hwdb.bin"
  # Only scripts of syslinux-common want more than perl-base and debconf have.
  rm -rf "$root"/usr/share/perl/5* "$root"/usr/lib/x86_64-linux-gnu/perl "$root"/usr/lib/x86_64-linux-gnu/libperl.so*
  # A quarter of all bytes, which every archive and restore under emulation would read: Python is for scripts beside nfs-common, ICU for xfs_scrub,
  # and GRUB's whole programs for signing.
  rm -rf "$root"/usr/lib/python3* "$root"/usr/bin/python3* "$root"/usr/share/python3 "$root"/usr/lib/x86_64-linux-gnu/libicu* "$root"/usr/sbin/xfs_scrub* \
    "$root"/usr/lib/grub/x86_64-efi/monolithic
  release=$(ls "$root/lib/modules")
  chroot "$root" depmod "$release"
  accounts "$password"
  services
  echo b0a7b0a7b0a7b0a7b0a7b0a7b0a7b0a7 >"$root/etc/machine-id"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  mkdir -p "$root/etc/systemd/network"
  printf '[Match]\nType=ether\n\n[Network]\nDHCP=yes\n' >"$root/etc/systemd/network/80-lan.network"
  mkdir -p "$root/srv" "$root/boot/efi"
}

accounts() {
  for account in anna:1001 bert:1002 chris:1003; do
    name=${account%:*}
    chroot "$root" groupadd --gid "${account#*:}" "$name"
    chroot "$root" useradd --uid "${account#*:}" --gid "$name" --create-home --shell /bin/bash "$name"
    echo "the letters of $name" >"$root/home/$name/letters"
    chroot "$root" chown "$name:$name" "/home/$name/letters"
    chmod 0600 "$root/home/$name/letters"
  done
  chroot "$root" gpasswd --add bert anna
  printf '%s\n' "root:$1" "anna:anna-$1" "bert:bert-$1" | chroot "$root" chpasswd
}

# A guest at rest should change nothing on its disks, and reach its prompt soon.
services() {
  mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
  printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/guest.conf"
  cat >"$root/etc/systemd/system/boat.service" <<END
[Unit]
Description=What the guests are there for

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo afloat >/run/boat-service'

[Install]
WantedBy=multi-user.target
END
  chroot "$root" systemctl enable boat.service
  chroot "$root" systemctl set-default multi-user.target
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    systemd-tmpfiles-clean.timer man-db.timer systemd-timesyncd.service systemd-logind.service getty@tty1.service getty-static.service \
    systemd-hwdb-update.service systemd-pstore.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-modules-load.service systemd-sysusers.service dev-hugepages.mount \
    dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
    modprobe@configfs.service modprobe@dm_mod.service modprobe@fuse.service modprobe@loop.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  mkdir -p "$root/etc/systemd/system-generators"
  for generator in "$root"/usr/lib/systemd/system-generators/*; do
    case ${generator##*/} in
      systemd-fstab-generator | systemd-getty-generator) ;;
      *) ln -sf /dev/null "$root/etc/systemd/system-generators/${generator##*/}" ;;
    esac
  done
}

case $1 in
  before) shift 2; modules=$*; before ;;
  after) after "$3" ;;
esac
