/** kubelet and kube-proxy of every version on what is rendered for them, up to where they need another program. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { PkiBundle } from '../../lib/pki/pki-bundle.ts';
import type { MachineContext } from '../../lib/plan/machine-plan.ts';
import { flagComplaints } from '../harness/flag-complaints.ts';
import { runKubeProxy } from '../harness/run-kube-proxy.ts';
import { KUBELET_GETS_TO_THE_RUNTIME, runKubelet } from '../harness/run-kubelet.ts';
import { issuedPki } from '../lib/components/machine-root.ts';
import { testContext } from '../lib/plan/reference-cluster.ts';
import { clusterOfVersions, versionPairs } from './version-pairs.ts';

describe.each(versionPairs)('Kubernetes $kubernetes', (versions) => {
  const cluster = clusterOfVersions(versions);
  let pki: PkiBundle;

  beforeAll(async () => {
    pki = await issuedPki(cluster);
  });

  function contextOf(name: string): MachineContext {
    const context = testContext(name, cluster);
    const labels = { 'topology.kubernetes.io/zone': 'a' };
    const taints = [{ key: 'dedicated', value: 'storage', effect: 'NoExecute' }] as const;
    return { ...context, pki, machine: { ...context.machine, labels, taints } };
  }

  it.each(['cp-1', 'worker-1'])(
    'kubelet of %s takes configuration, flags, certificates and kubeconfig',
    async (name) => {
      const output = await runKubelet(contextOf(name));
      expect(output).toContain(KUBELET_GETS_TO_THE_RUNTIME);
      expect(output).toContain('Client rotation is on');
      expect(output).not.toContain('strict decoding');
      // There is no containerd: it says so as the last thing.
      expect(flagComplaints(output).filter((line) => !line.includes('containerd.sock'))).toEqual([]);
    },
  );

  it.each(['cp-1', 'worker-1'])('kube-proxy of %s takes configuration, certificate and kubeconfig', async (name) => {
    const output = await runKubeProxy(contextOf(name));
    expect(output).toContain('rc 124');
    expect(output).not.toContain('strict decoding');
    expect(flagComplaints(output)).toEqual([]);
  });

  it('kubelet and kube-proxy would say so if a field were unknown', async () => {
    const unknown = (file: string) => `echo "unknownField: 1" >>${file}`;
    const found = 'strict decoding error: unknown field';
    const context = contextOf('cp-1');
    expect(await runKubelet(context, unknown('/etc/kubernetes/kubelet/config.yaml'))).toContain(found);
    expect(await runKubeProxy(context, unknown('/etc/kubernetes/kube-proxy/config.yaml'))).toContain(found);
  });
});
