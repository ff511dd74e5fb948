import { type Cluster, machinesOf } from '../model/cluster.ts';

/** Where the one CA key lies that may leave the operator, and what follows, for `keelway validate`; ends with a newline. */
export function formatNodeSigner(cluster: Cluster): string {
  const names = machinesOf(cluster, 'control-plane').map((machine) => machine.name);
  return cluster.pki.nodeSigner === 'online'
    ? `CA keys: the node-signer's on ${names.join(', ')}, so that kubelets renew their certificates; root there is root of the cluster\n`
    : 'CA keys: none on any machine; kubelets do not renew their certificates, and you give the cluster its first permissions\n';
}
