import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubeControllerManager, kubeControllerManagerFlags } from '../../../lib/components/kube-controller-manager.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import type { MachineContext } from '../../../lib/plan/machine-plan.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';

function offline(): Cluster {
  const cluster = referenceCluster();
  return { ...cluster, pki: { ...cluster.pki, nodeSigner: 'offline' } };
}

describe('kubeControllerManagerFlags', () => {
  const flags = kubeControllerManagerFlags(referenceCluster());

  it('names each flag once', () => {
    const names = flags.map((flag) => flag.split('=')[0]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    '--bind-address=127.0.0.1',
    '--leader-elect=true',
    '--use-service-account-credentials=true',
    '--allocate-node-cidrs=false',
    '--profiling=false',
    '--root-ca-file=/etc/kubernetes/pki/controller-manager/ca.crt',
  ])('has %s', (flag) => {
    expect(flags).toContain(flag);
  });

  it('signs for kubelet clients only, as long as leaves live', () => {
    expect(flags.filter((flag) => flag.startsWith('--cluster-signing'))).toEqual([
      '--cluster-signing-kubelet-client-cert-file=/etc/kubernetes/pki/controller-manager/node-signer.crt',
      '--cluster-signing-kubelet-client-key-file=/etc/kubernetes/pki/controller-manager/node-signer.key',
      '--cluster-signing-duration=31536000s',
    ]);
  });

  it('signs nothing with an offline node-signer', () => {
    expect(kubeControllerManagerFlags(offline()).join(' ')).not.toContain('cluster-signing');
  });

  it('leaves the bootstrap-token controllers off', () => {
    expect(flags.join(' ')).not.toMatch(/bootstrapsigner|tokencleaner|bootstrap-signer|token-cleaner/);
  });
});

describe('kubeControllerManager', () => {
  it('talks to its own API server with files that can be replaced', () => {
    const file = kubeControllerManager(testContext('cp-2')).files?.find(({ path }) =>
      path.endsWith('controller-manager.conf'),
    );
    expect(file?.mode).toBe(0o600);
    const kubeconfig = parse(file?.contents ?? '');
    expect(kubeconfig.clusters[0].cluster).toEqual({
      server: 'https://127.0.0.1:6443',
      'certificate-authority': '/etc/kubernetes/pki/controller-manager/ca.crt',
    });
    expect(kubeconfig.users[0].user).toEqual({
      'client-certificate': '/etc/kubernetes/pki/controller-manager/client.crt',
      'client-key': '/etc/kubernetes/pki/controller-manager/client.key',
    });
  });

  it('is recreated when the root CA or the service-account key changes', () => {
    const context = testContext('cp-1');
    const annotation = (each: MachineContext) =>
      parse(kubeControllerManager(each).files?.find(({ path }) => path.endsWith('manager.yaml'))?.contents ?? '')
        .metadata.annotations['keelway.dev/restart-on-change'];
    const { pki } = context;
    const changes = [
      { ...pki, trust: { ...pki.trust, kubernetes: 'another CA\n' } },
      { ...pki, serviceAccount: { ...pki.serviceAccount, privateKeyPem: 'another key\n' } },
    ];
    for (const changed of changes) expect(annotation({ ...context, pki: changed })).not.toBe(annotation(context));
  });
});
