import { setTimeout as sleep } from 'node:timers/promises';
import { KUBELET_KUBECONFIG } from '../../components/kubelet-paths.ts';
import type { MachinePlan } from '../../plan/machine-plan.ts';
import type { ProgramHost } from './program-host.ts';

const AGAIN_MS = 1000;

/**
 * Makes the node of each machine that would have a kubelet, as that does: with its own credential, through the server of
 * its own kubeconfig. Tries until it succeeds or the machine is gone, as long as the control plane takes.
 */
export async function registerNodes(host: ProgramHost, machines: readonly MachinePlan[]): Promise<void> {
  const names = machines.filter(({ machine }) => machine.runsKubelet).map(({ machine }) => machine.name);
  await Promise.all(
    names.map(async (name) => {
      while (!(await register(host, name))) await sleep(AGAIN_MS);
    }),
  );
}

async function register(host: ProgramHost, name: string): Promise<boolean> {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
  const kubectl = ['kubectl', '--kubeconfig', KUBELET_KUBECONFIG, '--request-timeout', '10s', 'create', '-f', '-'];
  const { exitCode, stderr } = await host.run(name, kubectl, { input: JSON.stringify(node) });
  return exitCode === 0 || stderr.includes('(AlreadyExists)');
}
