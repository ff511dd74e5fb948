import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { plainFile } from './product-unit.ts';

/** After 90-keelway.conf, which it refines. */
const SYSCTL_FILE = '/etc/sysctl.d/91-keelway-vip.conf';

/**
 * Who answers ARP for the VIP, and how its packets spread.
 *
 * In the BGP profiles the address is on `lo`, and the kernel answers ARP only for addresses of the interface that was asked.
 * With `onLink: none` that is nobody: hosts of the subnet reach the VIP by a route or not at all. With `onLink: arp`, profile
 * bgp-mesh only, keelway-vip-watch puts the address on the interface of one healthy machine. When that machine turns sick,
 * packets still come to it until the next one has told the subnet: it passes them on to a healthy one, because it
 * has the mesh's route, and says nothing of redirects, which would outlive the moment.
 *
 * The node address, never the VIP, is the sender of ARP requests, or hosts would learn the VIP from them.
 *
 * @see https://docs.kernel.org/networking/ip-sysctl.html
 */
export function vipSysctl({ cluster, machine }: MachineContext): MachinePart {
  const { vip } = cluster.controlPlane;
  if (vip === null || vip.profile === 'arp') return {};
  const settings: Record<string, number> = {};
  if (machine.role === 'control-plane') {
    settings['net.ipv4.conf.all.arp_ignore'] = 1;
    settings['net.ipv4.conf.all.arp_announce'] = 2;
    // Of every interface that is there already: the larger of "all" and the interface's own counts.
    settings['net.ipv4.conf.*.send_redirects'] = 0;
  }
  if (vip.profile === 'bgp-mesh') {
    // By ports too, so that connections of one client spread over the API servers.
    settings['net.ipv4.fib_multipath_hash_policy'] = 1;
    // Not to a next hop that does not answer ARP any more.
    settings['net.ipv4.fib_multipath_use_neigh'] = 1;
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  return { files: [plainFile(SYSCTL_FILE, lines.join(''))] };
}
