# The inside of a sandbox; see sandbox.ts, which starts it as
#   sandbox.sh init
# in namespaces of its own. Then it is the first process there: it answers one request a line on standard input and
# ends when that closes, and the kernel kills everything else with it.
set -eu

self=$0

init() {
  mount -t tmpfs -o mode=0755 sandbox /run
  mkdir /run/netns /run/machines
  # IPv6 only adds noise: every machine has the one address that was rendered for it.
  for file in /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6; do
    if [ -e "$file" ]; then echo 1 >"$file"; fi
  done
  echo ready
  while read -r request; do
    # shellcheck disable=SC2086 # words are separated by spaces
    if reply=$(sh "$self" $request 2>&1 </dev/null); then
      echo "ok $reply"
    else
      echo "failed $request: $(echo "$reply" | tr '\n' ' ')"
    fi
  done
}

# network INDEX: a switch
network() {
  ip link add "n$1" type bridge
  ip link set "n$1" up
}

# machine NAME ROOT [FROM TO]...: prints the process that holds its namespaces
machine() {
  name=$1
  mkdir "/run/machines/$name"
  ip netns add "$name"
  ip -n "$name" link set lo up
  mkfifo "/run/machines/$name/ready"
  nsenter --net="/run/netns/$name" unshare --uts --mount --ipc --propagation private \
    sh "$self" hold "$@" >"/run/machines/$name/log" 2>&1 3>"/run/machines/$name/ready" &
  holder=$!
  if read -r _ <"/run/machines/$name/ready"; then
    echo "$holder"
  else
    cat "/run/machines/$name/log"
    return 1
  fi
}

# hold NAME ROOT [FROM TO]...: becomes the machine: its own copy-on-write root, its devices, its host name
hold() {
  hostname "$1"
  cd "/run/machines/$1"
  mkdir upper work root
  mount -t overlay -o "lowerdir=$2,upperdir=upper,workdir=work" machine root
  cd root
  shift 2
  mount -t proc proc proc
  # Only what belongs to the machine's own network may be set; the rest is the kernel we share.
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount --bind /proc/sys/net proc/sys/net
  mount -t sysfs -o ro sysfs sys
  mount -t tmpfs -o mode=0755 run run
  devices
  while [ $# -gt 0 ]; do
    if [ -d "$1" ]; then
      mkdir -p ".$2"
    else
      mkdir -p ".${2%/*}"
      : >>".$2"
    fi
    mount --bind "$1" ".$2"
    shift 2
  done
  mkdir -p run/outside
  pivot_root . run/outside
  exec chroot . sh -c 'umount -l /run/outside; rmdir /run/outside; echo ready >&3; exec 3>&-; exec sleep infinity'
}

devices() {
  mount -t tmpfs -o mode=0755 dev dev
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  mount -t tmpfs shm dev/shm
  for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 0666 "dev/${device%:*}" c 1 "${device#*:}"
  done
  mknod -m 0666 dev/tty c 5 0
  cp -a /dev/loop* dev/
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  for stream in stdin:0 stdout:1 stderr:2; do
    ln -s "/proc/self/fd/${stream#*:}" "dev/${stream%:*}"
  done
  # A file, so that a test reads what a person would see on the screen.
  : >dev/console
}

# link MACHINE NETWORK INTERFACE ADDRESS/LENGTH MAC PORT: plugs a machine into a switch
link() {
  ip link add "$6" type veth peer name "$3" netns "$1"
  ip -n "$1" link set "$3" address "$5"
  ip -n "$1" address add "$4" dev "$3"
  ip -n "$1" link set "$3" up
  ip link set "$6" master "n$2" up
}

# gateway MACHINE ADDRESS
gateway() {
  ip -n "$1" route add default via "$2"
}

# port PORT NETWORK cut|mend: the switch forgets the port; the machine's interface stays up and hears nothing
port() {
  if [ "$3" = cut ]; then ip link set "$1" nomaster; else ip link set "$1" master "n$2"; fi
}

"$@"
