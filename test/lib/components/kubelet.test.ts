import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubelet, kubeletFlags } from '../../../lib/components/kubelet.ts';
import { kubeletConfig } from '../../../lib/components/kubelet-config.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import type { Machine } from '../../../lib/model/machine.ts';
import type { PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import type { MachineContext } from '../../../lib/plan/machine-plan.ts';
import { unitFiles } from '../../../lib/render/unit-files.ts';
import { KUBELET_GETS_TO_THE_RUNTIME, runKubelet } from '../../harness/run-kubelet.ts';
import { referenceCluster, testContext, testMachine } from '../plan/reference-cluster.ts';
import { issuedPki } from './machine-root.ts';

const cluster = referenceCluster();
let pki: PkiBundle;

beforeAll(async () => {
  pki = await issuedPki(cluster);
});

function contextOf(name: string, changes: Partial<Machine> = {}): MachineContext {
  const context = testContext(name, cluster);
  return { ...context, pki, machine: { ...context.machine, ...changes } };
}

describe('the real kubelet', () => {
  it.each(['cp-1', 'worker-1'])('of %s takes configuration, flags, certificates and kubeconfig', async (name) => {
    const output = await runKubelet(contextOf(name, { labels: { 'topology.kubernetes.io/zone': 'a', rack: 'r1' } }));
    expect(output).toContain(KUBELET_GETS_TO_THE_RUNTIME);
    expect(output).not.toContain('strict decoding');
    expect(output).not.toContain('Flag --');
    // With the name and group that rotation wants, or it would ask for another certificate at once.
    expect(output).not.toContain('Failed while requesting a signed certificate');
    expect(output).toContain('Client rotation is on');
  });

  it('would say so if a field were unknown', async () => {
    const output = await runKubelet(contextOf('cp-1'), 'echo "unknownField: 1" >>/etc/kubernetes/kubelet/config.yaml');
    expect(output).toContain('strict decoding error: unknown field');
  });

  it('refuses a label that it may not give itself, which is why roles are not among its labels', async () => {
    const output = await runKubelet(contextOf('cp-1', { labels: { 'node-role.kubernetes.io/control-plane': '' } }));
    expect(output).toMatch(/unknown 'kubernetes.io' or 'k8s.io' labels/);
    expect(kubeletFlags(contextOf('cp-1')).join(' ')).not.toContain('node-role');
  });
});

describe('files of the kubelet', () => {
  // CIS Kubernetes Benchmark 4.1.1, 4.1.5, 4.1.7 and 4.1.9; control-plane.md 2.3 for the serving certificate.
  it('are root’s, and nobody else reads more than CAs', () => {
    const { files = [], units = [] } = kubelet(contextOf('worker-1'));
    const modes = Object.fromEntries([...files, ...unitFiles(units)].map(({ path, mode }) => [path, mode.toString(8)]));
    expect(modes).toMatchObject({
      '/etc/systemd/system/kubelet.service': '600',
      '/etc/kubernetes/kubelet.conf': '600',
      '/etc/kubernetes/kubelet/config.yaml': '600',
      '/etc/kubernetes/pki/kubelet/serving.crt': '600',
      '/etc/kubernetes/pki/kubelet/serving.key': '600',
      '/etc/kubernetes/pki/ca.crt': '644',
    });
  });
});

describe('kubeletConfig', () => {
  const configOf = (machine: Machine, of: Cluster = cluster) => parse(kubeletConfig(of, machine));
  const controlPlane = testMachine('cp-1', 'control-plane', '10.0.0.11');
  const worker = testMachine('worker-1', 'worker', '10.0.0.31');

  it('runs static pods on the control plane only, and restarts them soon', () => {
    expect(configOf(controlPlane)).toMatchObject({
      staticPodPath: '/etc/kubernetes/manifests',
      crashLoopBackOff: { maxContainerRestartPeriod: '15s' },
    });
    expect(configOf(worker)).not.toHaveProperty('staticPodPath');
    expect(configOf(worker)).not.toHaveProperty('crashLoopBackOff');
  });

  it('lets nobody in without a certificate of the kubernetes CA or a token, on one port', () => {
    expect(configOf(worker)).toMatchObject({
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
      },
      authorization: { mode: 'Webhook' },
      readOnlyPort: 0,
      tlsMinVersion: 'VersionTLS13',
    });
  });

  it('taints control-plane nodes unless ordinary pods may run there, and never twice', () => {
    const taint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };
    const schedulable = { ...cluster, controlPlane: { ...cluster.controlPlane, schedulable: true } };
    expect(configOf(controlPlane).registerWithTaints).toEqual([taint]);
    expect(
      configOf({ ...controlPlane, taints: [{ ...taint, value: '', effect: 'NoSchedule' }] }).registerWithTaints,
    ).toEqual([taint]);
    expect(configOf(controlPlane, schedulable)).not.toHaveProperty('registerWithTaints');
    const own = { key: 'dedicated', value: 'storage', effect: 'NoExecute' } as const;
    expect(configOf({ ...worker, taints: [own] }).registerWithTaints).toEqual([own]);
  });

  it('rotates its client certificate only where a signer is online', () => {
    const offline = { ...cluster, pki: { ...cluster.pki, nodeSigner: 'offline' as const } };
    expect(configOf(worker).rotateCertificates).toBe(true);
    expect(configOf(worker, offline).rotateCertificates).toBe(false);
  });
});

describe('the unit', () => {
  it('follows certificate, images and balancer, and is never given up', () => {
    const unit = kubelet(contextOf('worker-1')).units?.[0]?.contents ?? '';
    expect(unit).toMatch(/^Requires=keelway-seed\.service keelway-kubelet-cert\.service$/m);
    expect(unit).toMatch(
      /^After=.*keelway-time-sync\.service.*keelway-images\.service.*keelway-api-balancer\.service/m,
    );
    expect(unit).toContain('StartLimitIntervalSec=0');
    expect(unit).toContain('--node-ip=10.0.0.31');
  });

  it('waits for locked programs where there are any', () => {
    const flatcar = referenceCluster({}, 'flatcar');
    expect(kubelet(testContext('worker-1', flatcar)).units?.[0]?.contents).toContain('keelway-assets.service');
  });
});

describe('kubeconfigs', () => {
  it.each([
    ['cp-1', 'https://127.0.0.1:6443'],
    ['worker-1', 'https://127.0.0.1:7445'],
  ])('of %s name the API server at %s and credentials by path', (name, server) => {
    const file = kubelet(contextOf(name)).files?.find(({ path }) => path === '/etc/kubernetes/kubelet.conf');
    const { clusters, users } = parse(file?.contents ?? '');
    expect(clusters[0].cluster).toEqual({ server, 'certificate-authority': '/etc/kubernetes/pki/ca.crt' });
    const current = '/var/lib/kubelet/pki/kubelet-client-current.pem';
    expect(users[0].user).toEqual({ 'client-certificate': current, 'client-key': current });
  });
});
