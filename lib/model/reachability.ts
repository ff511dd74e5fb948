import { type Cluster, machinesOf, type Vip } from './cluster.ts';

/** How long clients wait for the next API server. */
export interface Failover {
  /** When an API server turns unready and its machine lives. */
  readonly apiServer: string;
  /** When a machine is lost without a word. */
  readonly machine: string;
}

/** Who reaches the virtual IP, and by what. */
export interface ReachabilityRow {
  /** A kind of host: `10.0.0.0/24 without a route`. */
  readonly from: string;
  readonly reaches: 'yes' | 'no';
  readonly how: string;
  /** Null when there is no way at all. */
  readonly failover: Failover | null;
}

/**
 * A lease of 5 s with a retry every second, as the kube-vip component sets it; an unready API server fails its renewal.
 * Those who wait look every 1 to 2.2 s, and count the 5 s from the look at which they saw the last renewal.
 *
 * @see https://pkg.go.dev/k8s.io/client-go/tools/leaderelection JitterFactor
 */
const ARP: Failover = { apiServer: '4 to 10 s', machine: '4 to 10 s' };
/** One check of `/readyz` counts: every 2 s, and one that gets no answer takes 3 s. Measured: 0.2 to 4.4 s. */
const MESH_API_SERVER = 'up to 5 s';
/** A sick machine passes packets on until another answers; one that is lost is missed after a few probes of a second. Measured: 4.2 s. */
const ON_LINK: Failover = { apiServer: 'up to 7 s', machine: 'up to 10 s' };

/**
 * Who reaches the virtual IP of this cluster, kind of host by kind of host.
 *
 * No kubelet depends on it: workers have a balancer on 127.0.0.1:7445, control-plane machines their own API server.
 *
 * @returns Empty without a virtual IP.
 * @see https://kube-vip.io/docs/about/architecture/ and Keelway's own measurements of the mesh.
 */
export function vipReachability(cluster: Cluster): readonly ReachabilityRow[] {
  const { vip } = cluster.controlPlane;
  if (vip === null) return [];
  return [
    controlPlane(vip),
    ...(machinesOf(cluster, 'worker').length === 0 ? [] : [workers(vip, cluster)]),
    { ...unroutedHosts(vip, cluster), from: `${cluster.network.nodeSubnet}, hosts without a route` },
    ...(vip.profile === 'arp' ? [] : [routedHosts(vip, cluster)]),
    remoteHosts(vip, cluster),
  ];
}

type Answer = Omit<ReachabilityRow, 'from'>;

function controlPlane(vip: Vip): ReachabilityRow {
  const from = 'control-plane machines';
  if (vip.profile === 'arp')
    return { from, reaches: 'yes', how: 'the holder by itself, the others by ARP', failover: ARP };
  if (vip.profile === 'bgp-mesh') {
    return {
      from,
      reaches: 'yes',
      how: 'their own API server, while sick another by the mesh',
      failover: bgpFailover(vip),
    };
  }
  const never = { apiServer: 'never', machine: 'does not matter' };
  return { from, reaches: 'yes', how: 'their own API server only, even while it is sick', failover: never };
}

function workers(vip: Vip, cluster: Cluster): ReachabilityRow {
  if (vip.bgp?.workers === true) {
    return { from: 'workers', reaches: 'yes', how: 'by the mesh, all healthy machines', failover: bgpFailover(vip) };
  }
  return { ...unroutedHosts(vip, cluster), from: 'workers' };
}

function unroutedHosts(vip: Vip, cluster: Cluster): Answer {
  const { gateway } = cluster.network;
  if (vip.profile === 'arp') return { reaches: 'yes', how: 'by ARP, one elected machine', failover: ARP };
  if (vip.inNodeSubnet && vip.onLink === 'none') return no('nobody answers ARP (onLink: none)');
  if (vip.inNodeSubnet) return { reaches: 'yes', how: 'by ARP, one healthy machine', failover: ON_LINK };
  if (gateway === null) return no('there is no gateway');
  const learns = vip.bgp?.routers.some((router) => router.address === gateway) === true;
  if (!learns) return no(`the gateway ${gateway} does not learn it`);
  return { reaches: 'yes', how: `through the gateway ${gateway}`, failover: bgpFailover(vip) };
}

function routedHosts(vip: Vip, cluster: Cluster): ReachabilityRow {
  const from = `${cluster.network.nodeSubnet}, hosts that learn the route`;
  const source = vip.profile === 'bgp-mesh' ? 'from the machines or a router' : 'from a router';
  return { from, reaches: 'yes', how: `by BGP ${source}`, failover: bgpFailover(vip) };
}

function remoteHosts(vip: Vip, cluster: Cluster): ReachabilityRow {
  const from = 'hosts elsewhere';
  const { gateway } = cluster.network;
  if (vip.bgp !== null && vip.bgp.routers.length > 0) {
    const routers = vip.bgp.routers.map((router) => router.address).join(', ');
    return { from, reaches: 'yes', how: `through ${routers}, all healthy machines`, failover: bgpFailover(vip) };
  }
  if (gateway === null) return { from, ...no('there is no gateway') };
  if (vip.onLink === 'arp' && vip.inNodeSubnet) {
    return { ...unroutedHosts(vip, cluster), from, how: `through the gateway ${gateway}, by ARP` };
  }
  return { from, ...no('no router learns it') };
}

function no(how: string): Answer {
  return { reaches: 'no', how, failover: null };
}

/** Checks of `/readyz` every 2 s, of up to 3 s: one counts in the mesh, three count in profile bgp-router. */
function bgpFailover(vip: Vip): Failover {
  const apiServer = vip.profile === 'bgp-mesh' ? MESH_API_SERVER : '6 to 15 s';
  return { apiServer, machine: `${vip.bgp?.holdTimeSeconds ?? 0} s` };
}
