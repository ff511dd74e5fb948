import type { Cluster } from '../model/cluster.ts';
import { machinesOf } from '../model/cluster.ts';
import { parseIpv4 } from '../model/network.ts';
import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { plainFile } from './product-unit.ts';

/**
 * `/etc/hosts` with every machine and the name of the endpoint, the same on all machines: names resolve before, and
 * without, any DNS server.
 *
 * The machine's own name stands for its node address, never for 127.0.1.1. The host name itself comes from
 * `MachinePlan.hostname`.
 */
export function hosts({ cluster }: MachineContext): MachinePart {
  const lines = [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    'ff02::1 ip6-allnodes',
    'ff02::2 ip6-allrouters',
    '',
    ...cluster.machines.map(({ address, name }) => `${address} ${name}`),
    ...endpointLine(cluster),
  ];
  return { files: [plainFile('/etc/hosts', `${lines.join('\n')}\n`)] };
}

/** A name that an outside load balancer or several machines stand behind is left to DNS. */
function endpointLine(cluster: Cluster): readonly string[] {
  const { endpoint, vip } = cluster.controlPlane;
  if (parseIpv4(endpoint.host) !== null || cluster.machines.some(({ name }) => name === endpoint.host)) return [];
  if (vip !== null) return [`${vip.address} ${endpoint.host}`];
  const [only, ...others] = machinesOf(cluster, 'control-plane');
  return only === undefined || others.length > 0 ? [] : [`${only.address} ${endpoint.host}`];
}
