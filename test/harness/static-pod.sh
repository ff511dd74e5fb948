# static-pod.sh MODE:PATH... -- COMMAND...
# Runs the program of a static pod with what its pod gives it: the folders and files it mounts (ro, rw, or empty), nothing
# else of the machine's configuration and state, a read-only root file system, root without any capability.
# Start it in a mount namespace of its own.
set -eu

kept=$(mktemp -d /run/pod.XXXXXX)
count=0
while [ "$1" != -- ]; do
  mode=${1%%:*} path=${1#*:}
  if [ "$mode" = empty ]; then
    mkdir "$kept/$count"
  elif [ -d "$path" ]; then
    mkdir "$kept/$count"
    mount --bind "$path" "$kept/$count"
  else
    : >"$kept/$count"
    mount --bind "$path" "$kept/$count"
  fi
  eval "mode_$count=\$mode path_$count=\$path"
  count=$((count + 1))
  shift
done
shift

hidden='/etc/kubernetes /etc/keelway /etc/ssl /var/log /var/lib /root /tmp'
for folder in $hidden; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=0755 hidden "$folder"
done

index=0
while [ "$index" -lt "$count" ]; do
  eval "mode=\$mode_$index path=\$path_$index"
  if [ -d "$kept/$index" ]; then
    mkdir -p "$path"
  else
    mkdir -p "${path%/*}"
    : >"$path"
  fi
  mount --bind "$kept/$index" "$path"
  if [ "$mode" = ro ]; then mount -o remount,bind,ro "$path"; fi
  index=$((index + 1))
done

for folder in $hidden /run; do mount -o remount,bind,ro "$folder"; done
mount -o remount,bind,ro /
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
