/**
 * The shell part of the lab: what must happen inside its namespaces, before or between the programs of its machines.
 *
 * `supervise` becomes the process that owns the namespaces; the other verbs run inside them, each in a process that
 * entered there. Names are plain words, paths absolute. For any POSIX sh with iproute2 and util-linux.
 *
 * @param further - Verbs that somebody else adds: functions of the same kind, each ended by an empty line.
 */
export function labScript(further: string): string {
  return `# Keelway: the inside of a lab.
set -eu

# supervise CONTROLLERS CGROUP...: makes this lab's control group below each of those, then the namespaces, and stays
# their owner. CONTROLLERS, of cgroup v2, are handed on to the machines.
supervise() {
  controllers=$1
  shift
  for base; do
    group=$base/keelway-lab-$$
    mkdir "$group"
    for file in cpuset.cpus cpuset.mems; do
      if [ -e "$base/$file" ] && [ -e "$group/$file" ]; then cat "$base/$file" >"$group/$file"; fi
    done
    if [ -n "$controllers" ]; then
      hand_on "$base" "$controllers"
      hand_on "$group" "$controllers"
      # A group that hands on has no processes of its own.
      group=$group/supervisor
      mkdir "$group"
    fi
    echo $$ >"$group/cgroup.procs"
  done
  exec unshare --mount --pid --net --ipc --uts --fork --kill-child=KILL --mount-proc --propagation private \\
    sh "$0" init
}

# hand_on CGROUP CONTROLLERS: the groups below have them too
hand_on() {
  for controller in $2; do
    echo "+$controller" >"$1/cgroup.subtree_control" || {
      echo "$1 does not hand $controller on" >&2
      return 1
    }
  done
}

# init: the first process inside; when it ends, everything does. The kernel reaps for it.
init() {
  script=$(cat "$0")
  mount -t tmpfs -o mode=0755 lab /run
  mkdir /run/netns /run/machines
  printf '%s\\n' "$script" >/run/lab.sh
  ip link set lo up
  : >/run/ready
  # Until the lab is noted, nobody but the one who holds the other end could find it.
  read -r _ || exit 1
  exec </dev/null
  exec env --ignore-signal=CHLD sleep infinity
}

# network NAME: a switch
network() {
  ip link add "$1" type bridge
  ip link set "$1" up
}

# plug MACHINE SWITCH INTERFACE MAC PORT: a cable from the machine to the switch
plug() {
  # The old one goes with the old network, but not at once.
  ip link del "$5" 2>/dev/null || :
  ip link add "$5" type veth peer name "$3" netns "$1"
  ip -n "$1" link set "$3" address "$4"
  ip link set "$5" master "$2" up
}

# cable PORT SWITCH cut|mend: the switch forgets the port; the interface stays up and hears nothing
cable() {
  if [ "$3" = cut ]; then ip link set "$1" nomaster; else ip link set "$1" master "$2"; fi
}

# fresh_network MACHINE: a network with nothing in it, as after a power cycle
fresh_network() {
  ip netns del "$1" 2>/dev/null || :
  ip netns add "$1"
  ip -n "$1" link set lo up
}

# no_network MACHINE: what is left of its network goes; the kernel would go on to answer for it
no_network() {
  ip netns del "$1" 2>/dev/null || :
}

# root MACHINE FOLDER LAYERS: the machine's own copy-on-write view of the layers, at /run/machines/MACHINE/root
root() {
  at=/run/machines/$1/root
  mkdir -p "$at"
  while umount "$at" 2>/dev/null; do :; done
  mount -t overlay -o "lowerdir=$3,upperdir=$2/upper,workdir=$2/work" "$1" "$at"
}

# join_groups GROUP...: moves this process there; what it starts is there too
join_groups() {
  for group; do
    if ! [ -d "$group" ]; then
      mkdir "$group"
      for file in cpuset.cpus cpuset.mems; do
        if [ -e "$group/$file" ]; then cat "\${group%/*}/$file" >"$group/$file"; fi
      done
    fi
    echo 0 >"$group/cgroup.procs"
  done
}

# boot MACHINE GROUPS PROGRAM ARGUMENT...: starts the program that boots the machine, and notes its process.
# GROUPS are separated by colons.
boot() {
  machine=$1
  groups=$(echo "$2" | tr : ' ')
  shift 2
  # shellcheck disable=SC2086 # words are separated by spaces
  join_groups $groups
  setsid "$@" </dev/null &
  echo $! >"/run/machines/$machine/pid"
}

# hold MACHINE [FROM TO]...: starts the first process of a machine without a system, and notes the one that owns it.
# When either ends, everything of the machine does. FROM is a file or folder that the machine sees at TO.
hold() {
  rm -f "/run/machines/$1/ready"
  nsenter --net="/run/netns/$1" setsid unshare --uts --mount --ipc --pid --fork --kill-child=KILL \\
    --propagation private sh "$0" become "$@" </dev/null &
  echo $! >"/run/machines/$1/pid"
  tries=200
  until [ -e "/run/machines/$1/ready" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 $! 2>/dev/null; then echo "$1 did not start" >&2; return 1; fi
    sleep 0.05
  done
}

# become MACHINE [FROM TO]...: the process that hold starts
become() {
  machine=$1
  shift
  hostname "$machine"
  cd "/run/machines/$machine/root"
  mount -t proc proc proc
  # Only what belongs to the machine's own network may be set; the rest is the kernel that all share.
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
      mkdir -p ".\${2%/*}"
      : >>".$2"
    fi
    mount --bind "$1" ".$2"
    shift 2
  done
  mkdir -p run/outside
  : >"/run/machines/$machine/ready"
  pivot_root . run/outside
  # It reaps what its children leave, by ignoring them.
  exec chroot . sh -c 'umount -l /run/outside; rmdir /run/outside; exec env --ignore-signal=CHLD sleep infinity'
}

# devices: what programs expect in the dev folder of this one
devices() {
  mount -t tmpfs -o mode=0755 dev dev
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  mount -t tmpfs shm dev/shm
  for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 0666 "dev/\${device%:*}" c 1 "\${device#*:}"
  done
  mknod -m 0666 dev/tty c 5 0
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  for stream in stdin:0 stdout:1 stderr:2; do
    ln -s "/proc/self/fd/\${stream#*:}" "dev/\${stream%:*}"
  done
  # A file, to read what a person would see on the screen.
  : >dev/console
}

# clear_groups GROUP...: removes the control groups that a machine left
clear_groups() {
  for group; do
    if [ -d "$group" ]; then find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :; fi
  done
}

${further}"$@"
`;
}
