import type { Cluster } from '../model/cluster.ts';
import { vipReachability } from '../model/reachability.ts';
import { formatTable } from './format-table.ts';

/**
 * Who reaches the virtual IP, as a table for `keelway validate`.
 *
 * @returns One line when there is no virtual IP; ends with a newline.
 */
export function formatReachability(cluster: Cluster): string {
  const { vip, endpoint } = cluster.controlPlane;
  if (vip === null) return `no virtual IP: clients use ${endpoint.host}:${endpoint.port}\n`;
  const rows = vipReachability(cluster).map(({ from, reaches, how, failover }) => [
    from,
    reaches,
    failover?.apiServer ?? '-',
    failover?.machine ?? '-',
    how,
  ]);
  const title = `who reaches the virtual IP ${vip.address} (${vip.profile}, onLink: ${vip.onLink})\n`;
  const table = formatTable(['from', 'reaches', 'API server sick', 'machine lost', 'how'], rows);
  const note = 'no kubelet depends on it: workers use the balancer on 127.0.0.1:7445, the control plane itself\n';
  return `${title}${table}  ${note}`;
}
