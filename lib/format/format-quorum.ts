import { type Cluster, votingMembers } from '../model/cluster.ts';
import { lossOfOne, quorumOf, quorumTable } from '../model/quorum.ts';
import { formatTable } from './format-table.ts';

/** The quorum table with the cluster's own line marked, for `keelway validate`; ends with a newline. */
export function formatQuorum(cluster: Cluster): string {
  const members = votingMembers(cluster);
  const names = members.map((machine) => machine.name).join(', ');
  const rows = quorumTable(members.length).map((quorum) => [
    quorum.members === members.length ? '>' : '',
    String(quorum.members),
    String(quorum.quorum),
    String(quorum.tolerated),
  ]);
  const { topology, joining } = cluster.etcd;
  const learner = joining === null ? '' : `; ${joining} joins and does not vote`;
  const title = `etcd (${topology}): ${names}; ${lossOfOne(quorumOf(members.length))}${learner}\n`;
  return title + formatTable(['', 'members', 'must live', 'may fail'], rows);
}
