# Runs a program inside a copy-on-write view of a root file system; see in-root.ts.
# Called in namespaces of its own, as their first process, so that nothing it mounts or starts outlives it.
#   root work network folder (from to mode)... -- program argument...
set -eu
root=$1 work=$2 network=$3 folder=$4
shift 4
mount -t tmpfs -o mode=0755 keelway "$work"
cd "$work"
mkdir lower upper work merged
mount --bind "$root" lower
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work keelway merged
cd merged
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount --rbind /dev dev
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    mkdir -p "./$2"
  else
    mkdir -p "./${2%/*}"
    : >>"./$2"
  fi
  mount --bind "$1" "./$2"
  if [ "$3" = ro ]; then mount -o remount,bind,ro "./$2"; fi
  shift 3
done
shift
if [ "$network" = none ]; then ip link set lo up; fi
# Not exec: the first process of a PID namespace ignores the signals it does not handle.
chroot . /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@" || exit $?
