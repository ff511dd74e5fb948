import { readCpio } from '../../images/archive/read-cpio.ts';
import type { Cluster } from '../model/cluster.ts';
import { formatIpv4, requireCidr } from '../model/network.ts';
import type { MachinePlan } from '../plan/machine-plan.ts';
import type { LabCable, LabDisk, LabMachine, LabTier } from './lab-plan.ts';
import { OVERLAY } from './overlay.ts';
import { programMachine } from './programs/program-machine.ts';
import { type ProgramsFolder, withoutDigest } from './programs-folder.ts';
import { farTimeServers, OUTSIDE, routerAddresses, routerFiles } from './router.ts';
import { staticPodImages } from './static-pod-images.ts';

export interface LabInput {
  readonly cluster: Cluster;
  readonly machines: readonly MachinePlan[];
  /** `seed.cpio` by machine name. */
  readonly seeds: Readonly<Record<string, Uint8Array>>;
  /** The operator's kubeconfig; the client machine gets it. */
  readonly kubeconfig: string;
  /** TCP MD5 passwords by router address. */
  readonly routerPasswords: Readonly<Record<string, string>>;
}

/**
 * Every machine of a lab: those of the cluster, and the lab's own: `router` (when the cluster file names a gateway or a BGP router),
 * `client` behind it (or on the node network when there is none) and `neighbour`, on the node network, without any
 * route.
 */
export function labMachines(
  input: LabInput,
  programs: ProgramsFolder,
  tier: LabTier = 'machines',
): readonly LabMachine[] {
  const { cluster, machines } = input;
  const port = ports();
  if (tier === 'programs') {
    return [...machines.map((plan) => programMachine(plan, cableOf(plan, port))), ...ownMachines(input, port)];
  }
  const archivesOf = (references: readonly string[]) =>
    references.flatMap((reference) => programs.images[withoutDigest(reference)] ?? []);
  const referenced = new Set(archivesOf(machines.flatMap(staticPodImages)));
  const further = Object.values(programs.images).filter((archive) => !referenced.has(archive));
  const systems = machines.map((plan): LabMachine => {
    const { machine } = plan;
    const entries = OVERLAY.filter((entry) => entry.applies(machine));
    const ordinaryPods =
      machine.role === 'worker' || (machine.role === 'control-plane' && cluster.controlPlane.schedulable);
    const images = machine.runsKubelet ? [...archivesOf(staticPodImages(plan)), ...(ordinaryPods ? further : [])] : [];
    return {
      name: machine.name,
      kind: 'system',
      role: machine.role,
      cables: [cableOf(plan, port)],
      gateway: null,
      files: entries.flatMap((entry) => entry.files(cluster, machine)),
      links: entries.flatMap((entry) => entry.links?.(cluster, machine) ?? []),
      disks: disksOf(plan, cluster),
      images: [...new Set(images)],
      seed: readCpio(input.seeds[machine.name] ?? new Uint8Array()).flatMap((entry) =>
        entry.type === 'file'
          ? [{ path: entry.path, mode: entry.mode, contents: entry.contents ?? new Uint8Array() }]
          : [],
      ),
      services: [],
    };
  });
  return [...systems, ...ownMachines(input, port)];
}

/** The machine's system sets the address. */
function cableOf({ machine }: MachinePlan, port: () => string): LabCable {
  return {
    switch: 'nodes',
    interface: machine.interfaceName ?? 'eth0',
    mac: machine.macs[0] ?? macOf(machine.address),
    port: port(),
    address: null,
  };
}

function disksOf({ machine }: MachinePlan, cluster: Cluster): readonly LabDisk[] {
  return [
    ...(machine.runsKubelet
      ? [
          { name: 'containerd', path: '/var/lib/containerd' },
          { name: 'kubelet', path: '/var/lib/kubelet' },
        ]
      : []),
    ...(machine.runsEtcd ? [{ name: 'etcd', path: cluster.etcd.dataDirectory }] : []),
  ];
}

function ownMachines(input: LabInput, port: () => string): readonly LabMachine[] {
  const { cluster } = input;
  const { prefixLength, last } = requireCidr(cluster.network.nodeSubnet);
  const taken = new Set([...cluster.machines.map(({ address }) => address), cluster.controlPlane.vip?.address]);
  const free = (): string => {
    for (let value = last - 1; ; value -= 1) {
      const address = formatIpv4(value);
      if (taken.has(address)) continue;
      taken.add(address);
      return `${address}/${prefixLength}`;
    }
  };
  const addresses = routerAddresses(cluster);
  for (const address of addresses) taken.add(address);
  const node = (name: string, address: string): LabCable => {
    return { switch: 'nodes', interface: name, mac: macOf(address), port: port(), address };
  };
  const outside = (name: string, address: string): LabCable => {
    return { switch: 'outside', interface: name, mac: macOf(address), port: port(), address };
  };
  // Names resolve without a DNS server, the endpoint's among them.
  const hosts = input.machines[0]?.files.filter(({ path }) => path === '/etc/hosts') ?? [];
  const plain = { kind: 'plain', role: null, links: [], disks: [], images: [], seed: [] } as const;
  const client: LabMachine = {
    ...plain,
    name: 'client',
    cables: addresses.length === 0 ? [node('eth0', free())] : [outside('eth0', OUTSIDE.client)],
    gateway: addresses.length === 0 ? null : OUTSIDE.gateway,
    files: [...hosts, { path: '/root/.kube/config', contents: input.kubeconfig, mode: 0o600 }],
    services: [],
  };
  const neighbour: LabMachine = {
    ...plain,
    name: 'neighbour',
    cables: [node('eth0', free())],
    gateway: null,
    files: hosts,
    services: [],
  };
  if (addresses.length === 0) return [client, neighbour];
  const [first = '', ...others] = addresses.map((address) => `${address}/${prefixLength}`);
  return [
    {
      ...plain,
      name: 'router',
      cables: [node('eth0', first), outside('eth1', OUTSIDE.router)],
      gateway: null,
      files: [...hosts, ...routerFiles(cluster, input.routerPasswords)],
      services: [
        ...others.map((address) => ['ip', 'address', 'add', address, 'dev', 'eth0']),
        ...farTimeServers(cluster).map((address) => ['ip', 'address', 'add', `${address}/32`, 'dev', 'lo']),
        ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.fib_multipath_hash_policy=1'],
        ['sysctl', '-qw', 'net.ipv4.conf.all.send_redirects=0', 'net.ipv4.conf.eth0.send_redirects=0'],
        ['sh', '-c', 'mkdir -p /run/bird && bird -c /etc/bird/bird.conf -s /run/bird/bird.ctl'],
        ['chronyd', '-x', '-f', '/etc/chrony/chrony.conf'],
      ],
    },
    client,
    neighbour,
  ];
}

/** `52:54:` and the four numbers of the address: the same on every run, and readable in a trace. */
function macOf(address: string): string {
  const numbers = address.split('/')[0]?.split('.') ?? [];
  return `52:54:${numbers.map((part) => Number(part).toString(16).padStart(2, '0')).join(':')}`;
}

/** Kernel interface names that are short enough for any number of machines. */
function ports(): () => string {
  let count = 0;
  return () => `port${count++}`;
}
