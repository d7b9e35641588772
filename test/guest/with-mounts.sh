#!/bin/sh
# Runs a command with the partitions of a disk image mounted, in a mount namespace of its own: whatever happens, no mount stays.
# Usage: unshare --mount --propagation private sh with-mounts.sh IMAGE ROOT TABLE COMMAND [ARGUMENT...]
# TABLE is a file with a line for each partition, in mount order: offset and size in bytes, type, options, path below ROOT, an empty
# directory. The command finds ROOT in its environment. The host's kernel need not know partitions; without vfat, its files are copied.
set -eu
image=$1 ROOT=$2 table=$3
export ROOT
shift 3
while read -r offset size type options path; do
  [ -d "$ROOT$path" ] || mkdir -p "$ROOT$path"
  if [ "$type" = vfat ] && ! grep -qw vfat /proc/filesystems; then
    mount -t tmpfs copy "$ROOT$path"
    MTOOLS_SKIP_CHECK=1 mcopy -i "$image@@$offset" -s -m -n -Q ::/ "$ROOT$path"
    continue
  fi
  mount -t "$type" -o "loop,offset=$offset,sizelimit=$size,$options" "$image" "$ROOT$path"
done <"$table"
status=0
"$@" || status=$?
umount --recursive "$ROOT"
exit "$status"
