import { dirname } from 'node:path';
import { kubeProxy } from '../../lib/components/kube-proxy.ts';
import { kubelet } from '../../lib/components/kubelet.ts';
import type { MachineContext } from '../../lib/plan/machine-plan.ts';
import { onMachine } from '../lib/components/machine-root.ts';
import { toolPathAt } from '../tools/tools.ts';

/**
 * Starts the real kube-proxy of the cluster's version for three seconds: it reads everything, then waits for its node.
 *
 * @param before - Shell lines that run first.
 * @returns Its output, and `rc 124` when it ran until it was stopped.
 */
export async function runKubeProxy(context: MachineContext, before = ''): Promise<string> {
  const program = toolPathAt('kube-proxy', context.cluster.versions.kubernetes);
  const { stdout, stderr } = await onMachine(
    [kubelet(context), kubeProxy(context)],
    `hostname ${context.machine.name}
${before}
timeout 3 /tools/kube-proxy --config=/etc/kubernetes/kube-proxy/config.yaml -v=2; echo "rc $?"`,
    { binds: [{ from: dirname(program), to: '/tools', readOnly: true }] },
  );
  return stdout + stderr;
}
