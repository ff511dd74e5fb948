import { checkInputs } from '../../build/check-inputs.ts';
import { type LoadedCluster, loadCluster } from '../../build/load-cluster.ts';
import { type Cluster, etcdMembers } from '../../model/cluster.ts';
import { lossOfOne, quorumOf, quorumTable } from '../../model/quorum.ts';
import { type ReachabilityRow, vipReachability } from '../../model/reachability.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile } from '../places.ts';
import { showWarnings } from '../show-warnings.ts';
import { textTable } from '../text-table.ts';

/** Checks a cluster file and says what it comes to: who reaches the virtual IP, and what etcd survives. */
export async function validate(input: CommandInput): Promise<number> {
  const { io } = input;
  const file = await clusterFile(input);
  const loaded = loadCluster(file, { strict: input.options.strict === true });
  await checkInputs(loaded, input.ports.files);
  if (isJson(input)) {
    io.stdout(`${JSON.stringify(reportOf(loaded), null, 2)}\n`);
    return EXIT.ok;
  }
  showWarnings(loaded.warnings, io);
  const { cluster, warnings } = loaded;
  io.stdout(reachabilityText(cluster));
  io.stdout(quorumText(cluster));
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
  io.stderr(`${file.name} is valid${warnings.length === 0 ? '' : `, with ${count}`}\n`);
  return EXIT.ok;
}

/** The resolved cluster, every default filled in, with what follows from it. */
function reportOf({ cluster, warnings }: LoadedCluster): object {
  return {
    valid: true,
    issues: warnings,
    cluster,
    reachability: vipReachability(cluster),
    quorum: quorumOf(etcdMembers(cluster).length),
  };
}

function reachabilityText(cluster: Cluster): string {
  const { vip, endpoint } = cluster.controlPlane;
  if (vip === null) return `API ${endpoint.host}:${endpoint.port}, no virtual IP\n`;
  const rows = vipReachability(cluster).map(reachabilityCells);
  return `VIP ${vip.address} (${vip.profile}, onLink ${vip.onLink}): who reaches it\n${textTable([
    ['from', '', 'how', 'API server lost', 'machine lost'],
    ...rows,
  ])}`;
}

function reachabilityCells({ from, reaches, how, failover }: ReachabilityRow): string[] {
  return [from, reaches, how, failover?.apiServer ?? '-', failover?.machine ?? '-'];
}

function quorumText(cluster: Cluster): string {
  const own = quorumOf(etcdMembers(cluster).length);
  const rows = quorumTable(own.members).map((quorum) => [
    quorum.members === own.members ? '*' : '',
    String(quorum.members),
    String(quorum.quorum),
    String(quorum.tolerated),
    quorum.members === own.members ? lossOfOne(quorum) : '',
  ]);
  return `etcd: how many members must live to write\n${textTable([['', 'members', 'quorum', 'may fail', ''], ...rows])}`;
}
