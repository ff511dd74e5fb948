import { machinesOf } from '../model/cluster.ts';
import { APPLY_OBJECTS, labelNodes, OBJECTS_DOCUMENT } from '../output/objects-document.ts';
import { shellArgument } from '../render/shell-word.ts';
import type { PreparedBuild } from './prepare-build.ts';

/** What a person does after a build, in this order; ends with a newline. */
export function nextSteps({ plan: { cluster }, clusterWords, folder }: PreparedBuild): string {
  const formats = new Set(cluster.machines.map((machine) => machine.configFormat));
  const media = [
    ...(formats.has('cloud-init') ? ['seed.iso'] : []),
    ...(formats.has('ignition') ? ['ignition.json'] : []),
  ];
  const start = `start each machine with its ${media.join(' or ')} from ${folder.shown}/machines/<name>`;
  if (cluster.pki.nodeSigner === 'online') {
    return `Next: ${start}, then keelway kubeconfig ${clusterWords} -o kubeconfig\n`;
  }
  const credential = 'super-admin.kubeconfig';
  const address = machinesOf(cluster, 'control-plane')[0]?.address;
  return [
    'Next, as the node-signer is offline and no machine may give the first permissions:',
    `  1. ${start}, until https://${address}:${cluster.controlPlane.port}/readyz answers`,
    `  2. keelway kubeconfig ${clusterWords} --super-admin -o ${credential}`,
    `  3. kubectl --kubeconfig ${credential} ${APPLY_OBJECTS} ${shellArgument(`${folder.shown}/${OBJECTS_DOCUMENT}`)}`,
    `  4. kubectl --kubeconfig ${credential} ${labelNodes(cluster)}`,
    `  5. rm ${credential}; keelway kubeconfig ${clusterWords} -o kubeconfig`,
    '',
  ].join('\n');
}
