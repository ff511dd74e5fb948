/**
 * Becomes the container of a static pod: a root file system of its own with the program of the image, the machine's
 * network, processes and devices, what the pod mounts, and no more rights than it asks for.
 *
 *     FOLDER PROGRAM NAME ROOT-MODE HOSTS [dir|file|empty ro|rw PATH HOST-PATH]... -- SETPRIV-OPTION... -- ARGUMENT...
 *
 * Started in a mount namespace of its own. It refuses, as the kubelet does, when a folder or file of the machine that it
 * mounts is not there. The machine's own system programs are in it as well, which an image does not have.
 */
export const POD_SCRIPT: string = `set -eu
folder=$1 program=$2 name=$3 mode=$4 hosts=$5
shift 5
mount -t tmpfs -o mode=0755 container "$folder"
cd "$folder"
mkdir -p dev etc proc run sys tmp usr/local/bin
for part in bin sbin lib lib64; do
  if [ -d "/usr/$part" ]; then
    mkdir "usr/$part"
    mount --bind "/usr/$part" "usr/$part"
    mount -o remount,bind,ro "usr/$part"
  fi
  ln -s "usr/$part" "$part"
done
: >"usr/local/bin/$name"
mount --bind "$program" "usr/local/bin/$name"
for part in proc sys dev; do mount --rbind "/$part" "$part"; done
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
chmod 1777 tmp
printf '%b' "$hosts" >etc/hosts
echo 'root:x:0:0:root:/:/sbin/nologin' >etc/passwd
echo 'root:x:0:' >etc/group

while [ "$1" != -- ]; do
  kind=$1 access=$2 path=$3 from=$4
  shift 4
  mkdir -p ".\${path%/*}"
  case $kind in
    dir) [ -d "$from" ] || { echo "$from is not a folder of the machine" >&2; exit 1; }; mkdir -p ".$path" ;;
    file) [ -f "$from" ] || { echo "$from is not a file of the machine" >&2; exit 1; }; : >".$path" ;;
    empty) mkdir -p ".$path" ;;
  esac
  if [ "$kind" = empty ]; then mount -t tmpfs -o mode=0777 empty ".$path"; else mount --bind "$from" ".$path"; fi
  if [ "$access" = ro ]; then mount -o remount,bind,ro ".$path"; fi
done
shift
if [ "$mode" = ro ]; then mount -o remount,ro container "$folder"; fi
exec chroot "$folder" setpriv "$@"
`;
