import { dirname } from 'node:path';
import { kubelet, kubeletFlags } from '../../lib/components/kubelet.ts';
import { kubeletCertificate } from '../../lib/components/kubelet-certificate.ts';
import type { MachineContext } from '../../lib/plan/machine-plan.ts';
import { onMachine } from '../lib/components/machine-root.ts';
import { toolPathAt } from '../tools/tools.ts';

/** The machine of the tests has cgroup v1; a cluster's machines do not. */
const LAB = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
`;

/** What the kubelet says last when it has taken everything, for want of containerd. */
export const KUBELET_GETS_TO_THE_RUNTIME: string =
  'failed to run Kubelet: validate service connection: validate CRI v1 runtime API';

/**
 * Starts the real kubelet of the cluster's version, which reads everything and then finds no containerd.
 *
 * @param before - Shell lines that run first.
 * @param lab - Settings that win over the rendered ones.
 * @returns Its output.
 */
export async function runKubelet(context: MachineContext, before = '', lab: string = LAB): Promise<string> {
  const program = toolPathAt('kubelet', context.cluster.versions.kubernetes);
  const { stdout, stderr } = await onMachine(
    [kubelet(context), kubeletCertificate(context)],
    `hostname ${context.machine.name}
sh /etc/keelway/bin/kubelet-cert
${before}
timeout 60 /tools/kubelet ${kubeletFlags(context).join(' ')}`,
    {
      binds: [{ from: dirname(program), to: '/tools', readOnly: true }],
      files: { '/etc/kubernetes/kubelet/config.d/90-lab.conf': lab },
    },
  );
  return stdout + stderr;
}
