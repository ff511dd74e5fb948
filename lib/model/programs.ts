import type { Cluster } from './cluster.ts';
import type { Machine, OperatingSystem } from './machine.ts';
import { atLeast, compareVersions, parseVersion } from './versions.ts';

/** Programs that rendered units and scripts call by path. */
export type ProgramName =
  | 'kubelet'
  | 'kube-proxy'
  | 'kubectl'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'runc'
  | 'crictl'
  | 'etcd'
  | 'etcdctl'
  | 'etcdutl'
  | 'haproxy'
  | 'bird'
  | 'birdc'
  | 'nft'
  | 'chronyd'
  | 'chronyc';

/** What the asset lock names: one entry brings one or more programs. */
export type AssetName =
  | 'kubelet'
  | 'kube-proxy'
  | 'kubectl'
  | 'containerd'
  | 'runc'
  | 'cni-plugins'
  | 'crictl'
  | 'etcd'
  | 'haproxy'
  | 'bird';

/**
 * How a program gets onto a machine. `image`: Keelway's node OS has it. `os`: every installation of the OS has it.
 * `package`: from the distribution's archive. `locked`: by URL and sha256 from the asset lock. `oci`: locked too, an image
 * reference by digest that a systemd unit runs on the host's network.
 */
export type Delivery = 'image' | 'os' | 'package' | 'locked' | 'oci';

/** From `from` up to, not including, `before`. */
export interface VersionRange {
  readonly from: string;
  readonly before: string;
}

/** A program, or family of programs, that a machine must have. */
export interface RequiredProgram {
  readonly asset: AssetName;
  /** Newest known to work with the cluster's versions; the exact one where `accepts` is null. */
  readonly version: string;
  /** Versions that may stand in for it; null: none. */
  readonly accepts: VersionRange | null;
  readonly delivery: Delivery;
}

/** The one architecture of this release; the lock may hold others. */
export const ARCHITECTURE = 'amd64';

/** Where CNI plugins are, on every OS; containerd's own default. */
export const CNI_PLUGIN_DIRECTORY = '/opt/cni/bin';

/** Programs of each lock entry that brings more than the one of its own name. */
export const ASSET_PROGRAMS: Readonly<Partial<Record<AssetName, readonly ProgramName[]>>> = {
  containerd: ['containerd', 'ctr', 'containerd-shim-runc-v2'],
  etcd: ['etcd', 'etcdctl', 'etcdutl'],
};

/**
 * Catalog defaults. containerd 2.3 is the long-term line (to April 2028) and is tested with runc 1.4.
 *
 * @see https://github.com/containerd/containerd/blob/main/RELEASES.md
 */
const CONTAINERD = { version: '2.3.4', accepts: { from: '2.3.0', before: '2.4.0' } };
const RUNC = { version: '1.4.3', accepts: { from: '1.4.0', before: '1.5.0' } };
const CNI_PLUGINS = { version: '1.9.1', accepts: { from: '1.5.0', before: '2.0.0' } };
const HAPROXY = { version: '3.2.0', accepts: { from: '2.8.0', before: '4.0.0' } };
const BIRD = { version: '2.17.1', accepts: { from: '2.0.12', before: '3.0.0' } };
/** The newest crictl that exists; one minor behind the cluster is supported. */
const NEWEST_CRICTL = '1.36.0';

const ROOT_PROGRAMS: readonly ProgramName[] = ['haproxy', 'bird', 'birdc', 'nft', 'chronyd'];
/** Read-only /usr, and these are part of it. */
const OS_PROGRAMS: readonly ProgramName[] = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc'];
const OCI_PROGRAMS: readonly ProgramName[] = ['haproxy', 'bird', 'birdc'];

/** True where /usr is read-only and upstream programs live below /opt: Flatcar and Fedora CoreOS. */
export function hasReadOnlyUsr(os: OperatingSystem): boolean {
  return os === 'flatcar' || os === 'fedora-coreos';
}

/** The program that keeps the clock: chrony everywhere but on Flatcar, which has systemd-timesyncd only. */
export function timeDaemon(os: OperatingSystem): 'chrony' | 'systemd-timesyncd' {
  return os === 'flatcar' ? 'systemd-timesyncd' : 'chrony';
}

/**
 * Absolute path of a program on a machine with this OS.
 *
 * @returns For a program that runs from an OCI image its bare name, as the image's own PATH finds it.
 */
export function programPath(os: OperatingSystem, name: ProgramName): string {
  if (name === 'chronyc') return '/usr/bin/chronyc';
  if (hasReadOnlyUsr(os)) {
    if (OCI_PROGRAMS.includes(name)) return name;
    if (OS_PROGRAMS.includes(name)) return `/usr/bin/${name}`;
  }
  if (ROOT_PROGRAMS.includes(name)) return `/usr/sbin/${name}`;
  return `${upstreamDirectory(os)}/${name}`;
}

/** Folder of programs that come from upstream releases: `/usr/local/bin`, or `/opt/bin` where /usr is read-only. */
export function upstreamDirectory(os: OperatingSystem): string {
  return hasReadOnlyUsr(os) ? '/opt/bin' : '/usr/local/bin';
}

/** True when the machine runs BIRD: bgp-mesh, on the control plane and, when they are in the mesh, on workers. */
export function needsBird(cluster: Cluster, machine: Machine): boolean {
  const { vip } = cluster.controlPlane;
  if (vip?.profile !== 'bgp-mesh') return false;
  return machine.role === 'control-plane' || (machine.role === 'worker' && vip.bgp?.workers === true);
}

/**
 * Every program a machine needs for its roles, with the version it must have and how it gets there.
 *
 * @returns In a fixed order; programs of the OS itself (nft, openssl, curl) are not among them.
 */
export function requiredPrograms(cluster: Cluster, machine: Machine): readonly RequiredProgram[] {
  const { os } = machine;
  const { kubernetes, etcd } = cluster.versions;
  const upstream: Delivery = os === 'debian' ? 'image' : 'locked';
  const runtime: Delivery = hasReadOnlyUsr(os) ? 'os' : upstream;
  const daemon: Delivery = os === 'debian' ? 'image' : os === 'ubuntu' ? 'package' : 'oci';
  const programs: RequiredProgram[] = [];
  if (machine.runsEtcd) programs.push({ asset: 'etcd', version: etcd, accepts: null, delivery: upstream });
  if (machine.runsKubelet) {
    programs.push(
      { asset: 'containerd', ...CONTAINERD, delivery: runtime },
      { asset: 'runc', ...RUNC, delivery: runtime },
      { asset: 'cni-plugins', ...CNI_PLUGINS, delivery: upstream },
      { asset: 'crictl', ...crictlFor(kubernetes), delivery: upstream },
      { asset: 'kubelet', version: kubernetes, accepts: null, delivery: upstream },
      { asset: 'kube-proxy', version: kubernetes, accepts: null, delivery: upstream },
    );
  }
  if (machine.role === 'control-plane') {
    programs.push({ asset: 'kubectl', version: kubernetes, accepts: null, delivery: upstream });
  }
  if (machine.role === 'worker') programs.push({ asset: 'haproxy', ...HAPROXY, delivery: daemon });
  if (needsBird(cluster, machine)) programs.push({ asset: 'bird', ...BIRD, delivery: daemon });
  return programs;
}

/** True when a locked version may serve as the required program; `2.17` counts as `2.17.0`. */
export function acceptsVersion(required: RequiredProgram, locked: string): boolean {
  if (locked === required.version) return true;
  const version = /^\d+\.\d+$/.test(locked) ? `${locked}.0` : locked;
  if (required.accepts === null || parseVersion(version) === null) return false;
  return atLeast(version, required.accepts.from) && compareVersions(version, required.accepts.before) < 0;
}

function crictlFor(kubernetes: string): { version: string; accepts: VersionRange } {
  const version = parseVersion(kubernetes);
  if (version === null) throw new RangeError(`not a version of the form x.y.z: ${JSON.stringify(kubernetes)}`);
  const own = `${version.major}.${version.minor}.0`;
  return {
    version: atLeast(own, NEWEST_CRICTL) ? NEWEST_CRICTL : own,
    accepts: { from: `${version.major}.${version.minor - 1}.0`, before: `${version.major}.${version.minor + 2}.0` },
  };
}

/**
 * Packages of the distribution that a machine needs: apt names on Ubuntu, none elsewhere (the image or OS has them).
 */
export function requiredPackages(cluster: Cluster, machine: Machine): readonly string[] {
  if (machine.os !== 'ubuntu') return [];
  return [
    'chrony',
    'curl',
    'nftables',
    'openssl',
    ...(machine.runsKubelet ? ['conntrack', 'ethtool', 'socat'] : []),
    ...(machine.role === 'worker' ? ['haproxy'] : []),
    ...(needsBird(cluster, machine) ? ['bird2'] : []),
  ].toSorted();
}
