import { type Cluster, etcdMembers, machinesOf } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { needsBird } from '../model/programs.ts';

/** Where a flow may come from. `anywhere` includes pods. */
export type FlowSource =
  | 'anywhere'
  /** Machines that run a kubelet, and pods whose address is not translated. */
  | 'kubernetes'
  | 'control-plane'
  | 'etcd'
  /** Speakers of the VIP's mesh. */
  | 'mesh'
  /** Those, and the routers. */
  | 'bgp-peers';

/** Traffic to ports of a machine that its firewall lets in. */
export interface Flow {
  readonly name: string;
  /** `ipip` is IP protocol 4, without ports. */
  readonly protocol: 'tcp' | 'udp' | 'ipip';
  /** Single ports or `from-to`. Empty for ipip. */
  readonly ports: readonly (number | string)[];
  readonly sources: readonly FlowSource[];
  readonly applies: (machine: Machine, cluster: Cluster) => boolean;
  /** Not for pods of the machine, nor through a Service, which are let in to everything else. */
  readonly closedToPods?: boolean;
}

const everywhere = () => true;
const onControlPlane = ({ role }: Machine) => role === 'control-plane';
const onEtcd = ({ runsEtcd }: Machine) => runsEtcd;
const onKubernetes = ({ runsKubelet }: Machine) => runsKubelet;
const onBird = (machine: Machine, cluster: Cluster) => needsBird(cluster, machine);

/**
 * The port matrix: what each machine is asked for, and by whom. Everything else is refused, but to pods of the machine
 * and what its overlay brings, and to what kube-proxy has sent on.
 *
 * Metrics of kube-proxy, controller-manager, scheduler, etcd and kube-vip are on loopback and not here. kube-vip only
 * dials out, so BGP comes in where BIRD runs, and to Calico's own BGP between nodes.
 *
 * @see https://kubernetes.io/docs/reference/networking/ports-and-protocols/
 */
export function flowsOf(cluster: Cluster): readonly Flow[] {
  return [
    flow('SSH', 'tcp', [22], ['anywhere'], everywhere),
    flow('Kubernetes API', 'tcp', [cluster.controlPlane.port], ['anywhere'], onControlPlane),
    { ...flow('etcd clients', 'tcp', [2379], ['control-plane', 'etcd'], onEtcd), closedToPods: true },
    { ...flow('etcd peers', 'tcp', [2380, 2382], ['etcd'], onEtcd), closedToPods: true },
    // Also for metrics-server and other pods, which come from the address of their machine.
    flow('kubelet', 'tcp', [10_250], ['kubernetes'], onKubernetes),
    flow('kube-proxy health, for load balancers', 'tcp', [10_256], ['anywhere'], onKubernetes),
    flow('NodePorts', 'tcp', ['30000-32767'], ['anywhere'], onKubernetes),
    flow('NodePorts', 'udp', ['30000-32767'], ['anywhere'], onKubernetes),
    flow('BGP of the VIP', 'tcp', [179], ['bgp-peers'], onBird),
    flow('BFD of the VIP', 'udp', [3784], ['mesh'], onBird),
    flow('Calico BGP', 'tcp', [179], ['kubernetes'], onKubernetes),
    flow('Calico Typha', 'tcp', [5473], ['kubernetes'], onKubernetes),
    flow('Calico VXLAN and WireGuard', 'udp', [4789, 51_820], ['kubernetes'], onKubernetes),
    flow('Calico IP in IP', 'ipip', [], ['kubernetes'], onKubernetes),
    flow('node exporter', 'tcp', [9100], ['kubernetes'], everywhere),
  ];
}

function flow(
  name: string,
  protocol: Flow['protocol'],
  ports: Flow['ports'],
  sources: Flow['sources'],
  applies: Flow['applies'],
): Flow {
  return { name, protocol, ports, sources, applies };
}

/** IPv4 addresses and networks of each kind of source but `anywhere`; empty where there is none. */
export function flowSources(cluster: Cluster): Readonly<Record<Exclude<FlowSource, 'anywhere'>, readonly string[]>> {
  const addresses = (machines: readonly Machine[]) => machines.map(({ address }) => address);
  const routers = cluster.controlPlane.vip?.bgp?.routers ?? [];
  const mesh = addresses(cluster.machines.filter((machine) => needsBird(cluster, machine)));
  return {
    kubernetes: [...addresses(cluster.machines.filter(onKubernetes)), cluster.network.podCidr],
    'control-plane': addresses(machinesOf(cluster, 'control-plane')),
    etcd: addresses(etcdMembers(cluster)),
    mesh,
    'bgp-peers': [...mesh, ...routers.map(({ address }) => address)],
  };
}
