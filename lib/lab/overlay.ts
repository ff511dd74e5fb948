import { DATA_DISK_UNIT } from '../components/data-disk.ts';
import { ETCD_UNIT } from '../components/etcd.ts';
import { MOUNT_CHECK_VARIABLE } from '../components/etcd-guard.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import type { LabFile, LabLink } from './lab-plan.ts';
import { podNetwork } from './pod-network.ts';

/** One thing that a lab machine has, or does otherwise, beside what Keelway rendered for it. */
export interface OverlayEntry {
  readonly name: string;
  /** What it does and why a lab needs it, for `lab up` and the documentation. */
  readonly reason: string;
  readonly applies: (machine: Machine) => boolean;
  readonly files: (cluster: Cluster, machine: Machine) => readonly LabFile[];
  readonly links?: (cluster: Cluster, machine: Machine) => readonly LabLink[];
}

const every = () => true;
const onKubernetes = ({ runsKubelet }: Machine) => runsKubelet;

/**
 * Everything that the lab needs beyond the product, in full. No rendered file is touched: the seed check would refuse it.
 */
export const OVERLAY: readonly OverlayEntry[] = [
  {
    name: 'node image',
    reason:
      'as in the node OS image, and as the root may not have it: networkd is enabled, services that packages enable are ' +
      'left to Keelway, and no timer of the distribution reaches for the network',
    applies: every,
    files: () => [],
    links: () => [
      systemLink('multi-user.target.wants/systemd-networkd.service', 'systemd-networkd.service'),
      systemLink('sockets.target.wants/systemd-networkd.socket', 'systemd-networkd.socket'),
      systemLink(
        'network-online.target.wants/systemd-networkd-wait-online.service',
        'systemd-networkd-wait-online.service',
      ),
      systemLink('dbus-org.freedesktop.network1.service', 'systemd-networkd.service'),
      ...['bird', 'containerd', 'e2scrub_reap', 'haproxy'].map((name) =>
        masked(`multi-user.target.wants/${name}.service`),
      ),
      ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer'].map(masked),
    ],
  },
  {
    name: 'container',
    reason:
      'the machine is a container on the kernel of this host: cgroup v1 is made writable, mounts are shared with pods, and ' +
      'settings of the whole kernel show the values that the machine would have, without changing them; its journal is ' +
      'without the messages of the kernel, which are of all machines together',
    applies: every,
    files: () => [
      { path: '/etc/systemd/journald.conf.d/90-keelway-lab.conf', contents: '[Journal]\nReadKMsg=no\n' },
      { path: '/etc/keelway-lab/container.sh', contents: CONTAINER_SCRIPT },
      dropIn(
        'keelway-lab-container.service',
        null,
        `[Unit]
Description=Keelway lab: what a container lacks
DefaultDependencies=no
Before=sysinit.target systemd-sysctl.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/keelway-lab/container.sh
`,
      ),
    ],
    links: () => [
      {
        path: '/etc/systemd/system/sysinit.target.wants/keelway-lab-container.service',
        target: '../keelway-lab-container.service',
      },
      // Nothing reads this console.
      masked('console-getty.service'),
    ],
  },
  {
    name: 'kubelet',
    reason:
      'failCgroupV1 is false where the host has cgroup v1; eviction starts late, because the disk and the memory are the ' +
      "host's",
    applies: onKubernetes,
    files: () => [
      {
        path: '/etc/kubernetes/kubelet/config.d/90-keelway-lab.conf',
        contents: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
evictionHard:
  memory.available: 50Mi
  nodefs.available: 1%
  nodefs.inodesFree: 1%
  imagefs.available: 1%
  imagefs.inodesFree: 1%
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
`,
      },
    ],
  },
  {
    name: 'containerd',
    reason: 'a process cannot be protected from the OOM killer without CAP_SYS_RESOURCE (restrict_oom_score_adj)',
    applies: onKubernetes,
    files: () => [
      dropIn(
        'containerd.service',
        '90-keelway-lab.conf',
        `[Service]
RuntimeDirectory=keelway-lab
ExecStartPre=/bin/sh -c "sed \\"/^.plugins.'io.containerd.cri.v1.runtime'.$/a restrict_oom_score_adj = true\\" /etc/containerd/config.toml >/run/keelway-lab/containerd.toml"
ExecStart=
ExecStart=/usr/local/bin/containerd --config /run/keelway-lab/containerd.toml
`,
      ),
    ],
  },
  {
    name: 'clock',
    reason: "chronyd measures but does not set the clock (-x): it is the host's, and the machine may not",
    applies: every,
    files: () => [
      dropIn(
        'chrony.service',
        '90-keelway-lab.conf',
        '[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -x -F 1\n',
      ),
    ],
  },
  {
    name: 'data disk',
    reason: "etcd's data disk is a folder on this host's disk: it is neither looked for nor checked",
    applies: ({ dataDisk }) => dataDisk !== null,
    files: () => [
      dropIn(DATA_DISK_UNIT, '90-keelway-lab.conf', '[Service]\nExecStart=\nExecStart=/bin/true\n'),
      dropIn(ETCD_UNIT, '90-keelway-lab.conf', `[Service]\nEnvironment=${MOUNT_CHECK_VARIABLE}=skip\n`),
    ],
  },
  {
    name: 'pod network',
    reason: 'a bridge on each machine and static routes between them, where Git would bring Calico',
    applies: onKubernetes,
    files: (cluster, machine) => podNetwork(cluster, machine.name).files,
    links: (cluster, machine) => podNetwork(cluster, machine.name).links,
  },
];

/** Further differences that are not files of a machine. */
export const OVERLAY_NOTES: readonly { readonly name: string; readonly reason: string }[] = [
  { name: 'images', reason: 'container images are in the machine (/usr/share/keelway/images), no registry is asked' },
  {
    name: 'inotify',
    reason: 'fs.inotify.max_user_instances and max_user_watches of this host are raised while a lab runs',
  },
  { name: 'capabilities', reason: 'the machines may not set the clock (CAP_SYS_TIME) or load kernel modules' },
];

/** A container sees the kernel's settings read-only, and they are everybody's: show what the machine would have set. */
const CONTAINER_SCRIPT = `set -eu
mount --make-rshared /
for folder in /sys/fs/cgroup/*/; do
  if [ "$(stat -f -c %T "$folder")" = cgroupfs ]; then mount -o remount,bind,rw "$folder"; fi
done
mkdir -p /run/keelway-lab-sysctl
show() {
  echo "$2" >"/run/keelway-lab-sysctl/$1"
  chmod 0644 "/run/keelway-lab-sysctl/$1"
  if [ -e "/proc/sys/$(echo "$1" | tr . /)" ]; then
    mount --bind "/run/keelway-lab-sysctl/$1" "/proc/sys/$(echo "$1" | tr . /)"
  fi
}
show vm.overcommit_memory 1
show vm.panic_on_oom 0
show kernel.panic 10
show kernel.panic_on_oops 1
show kernel.keys.root_maxkeys 1000000
show kernel.keys.root_maxbytes 25000000
`;

function dropIn(unit: string, name: string | null, contents: string): LabFile {
  return { path: `/etc/systemd/system/${name === null ? unit : `${unit}.d/${name}`}`, contents };
}

function systemLink(path: string, unit: string): LabLink {
  return { path: `/etc/systemd/system/${path}`, target: `/usr/lib/systemd/system/${unit}` };
}

function masked(unit: string): LabLink {
  return { path: `/etc/systemd/system/${unit}`, target: '/dev/null' };
}
