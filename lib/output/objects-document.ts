import { controlPlaneNodeLabels } from '../components/bootstrap.ts';
import { bootstrapManifest } from '../components/bootstrap-objects.ts';
import { type Cluster, machinesOf } from '../model/cluster.ts';
import type { OutputFile } from './output-file.ts';

/** Name of the file in the output folder. */
export const OBJECTS_DOCUMENT = 'objects.yaml';

/** Arguments of kubectl that apply the file as the machines would, and as often as wanted. */
export const APPLY_OBJECTS = 'apply --server-side --force-conflicts --field-manager=keelway -f';

/**
 * `objects.yaml`: what an operator applies, since with an offline node-signer no machine may. Holds no secret.
 *
 * @returns Nothing while the node-signer is online: the machines do it themselves.
 */
export function objectsDocument(cluster: Cluster): readonly OutputFile[] {
  if (cluster.pki.nodeSigner === 'online') return [];
  const header = `# The first permissions of the cluster ${cluster.name}. The node-signer is offline, so no machine applies them: you do,
# as soon as an API server answers, and again when this file changes. Nobody is administrator before.
#
#   keelway kubeconfig CLUSTER-FILE --super-admin -o super-admin.kubeconfig
#   kubectl --kubeconfig super-admin.kubeconfig ${APPLY_OBJECTS} objects.yaml
#   kubectl --kubeconfig super-admin.kubeconfig ${labelNodes(cluster)}
#   rm super-admin.kubeconfig
`;
  return [{ path: OBJECTS_DOCUMENT, contents: header + bootstrapManifest(cluster), secret: false }];
}

/** Arguments of kubectl that give the control-plane nodes, when they have registered, the labels that no kubelet may set. */
export function labelNodes(cluster: Cluster): string {
  const names = machinesOf(cluster, 'control-plane').map(({ name }) => name);
  const labels = controlPlaneNodeLabels(cluster).map((label) => `${label}=`);
  return `label node ${names.join(' ')} ${labels.join(' ')} --overwrite`;
}
