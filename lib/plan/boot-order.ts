import { type Cluster, etcdMembers, machinesOf, votingMembers } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import type { BootStage } from './cluster-plan.ts';

/**
 * The order that never waits: etcd, control plane, workers, each with the gate behind it. A stage without machines is
 * left out.
 */
export function bootOrder(cluster: Cluster): readonly BootStage[] {
  const members = etcdMembers(cluster);
  const controlPlane = machinesOf(cluster, 'control-plane');
  const voters = votingMembers(cluster).length;
  const quorum = Math.floor(voters / 2) + 1;
  const stages: BootStage[] = [
    {
      stage: 'etcd',
      machines: names(members),
      gate: {
        name: 'etcd-quorum',
        description: `${quorum} of ${voters} etcd ${voters === 1 ? 'member answers' : 'members answer'} /readyz`,
      },
    },
    {
      stage: 'control-plane',
      machines: names(controlPlane),
      gate: {
        name: 'api-ready',
        description: `/readyz of every API server and https://${endpoint(cluster)}/readyz answer 200, and ${
          cluster.pki.nodeSigner === 'online' ? 'the bootstrap units have run' : 'objects.yaml has been applied'
        }`,
      },
    },
    {
      stage: 'workers',
      machines: names(machinesOf(cluster, 'worker')),
      gate: { name: 'nodes-ready', description: 'every node is Ready, which takes a CNI and cluster DNS' },
    },
  ];
  return stages.filter(({ machines }) => machines.length > 0);
}

function names(machines: readonly Machine[]): readonly string[] {
  return machines.map(({ name }) => name);
}

function endpoint({ controlPlane }: Cluster): string {
  return `${controlPlane.endpoint.host}:${controlPlane.endpoint.port}`;
}
