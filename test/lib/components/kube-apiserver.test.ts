import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubeApiserver } from '../../../lib/components/kube-apiserver.ts';
import { kubeApiserverFlags } from '../../../lib/components/kube-apiserver-flags.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import type { MachineContext } from '../../../lib/plan/machine-plan.ts';
import { referenceCluster, testContext, testMachine } from '../plan/reference-cluster.ts';

function flags(cluster: Cluster = referenceCluster(), name = 'cp-1'): readonly string[] {
  return kubeApiserverFlags(cluster, testContext(name, cluster).machine);
}

function manifest(context: MachineContext = testContext('cp-1')) {
  return parse(kubeApiserver(context).files?.find(({ path }) => path.endsWith('/kube-apiserver.yaml'))?.contents ?? '');
}

const version = (kubernetes: string): Cluster => {
  const cluster = referenceCluster();
  return { ...cluster, versions: { ...cluster.versions, kubernetes } };
};

const single = (): Cluster => {
  const cluster = referenceCluster();
  const machines = [testMachine('cp-1', 'control-plane', '10.0.0.11', { runsEtcd: true })];
  return { ...cluster, machines, etcd: { ...cluster.etcd, topology: 'stacked' } };
};

describe('kubeApiserverFlags', () => {
  it('names each flag once', () => {
    const names = flags().map((flag) => flag.split('=')[0]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    '--advertise-address=10.0.0.11',
    '--secure-port=6443',
    '--authorization-mode=Node,RBAC',
    '--etcd-servers=https://10.0.0.21:2379,https://10.0.0.22:2379',
    '--service-cluster-ip-range=10.96.0.0/12',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-account-extend-token-expiration=false',
    '--requestheader-allowed-names=front-proxy-client',
    '--client-ca-file=/etc/kubernetes/pki/apiserver/client-ca.crt',
    '--kubelet-certificate-authority=/etc/kubernetes/pki/apiserver/ca.crt',
    '--encryption-provider-config-automatic-reload=true',
    '--tls-min-version=VersionTLS13',
    '--profiling=false',
    '--shutdown-delay-duration=20s',
    '--enable-aggregator-routing=true',
    '--goaway-chance=0.001',
  ])('has %s', (flag) => {
    expect(flags()).toContain(flag);
  });

  it.each(['anonymous-auth', 'enable-bootstrap-token-auth', 'token-auth-file', 'insecure-port', 'feature-gates'])(
    'does not set --%s',
    (name) => {
      expect(flags().join(' ')).not.toContain(`--${name}`);
    },
  );

  it('advertises the machine that it runs on, never the VIP', () => {
    expect(flags(referenceCluster(), 'cp-3')).toContain('--advertise-address=10.0.0.13');
    expect(flags().join(' ')).not.toContain('10.0.0.100');
  });

  it('reaches every etcd member in the stacked topology too', () => {
    expect(flags(single())).toContain('--etcd-servers=https://127.0.0.1:2379');
  });

  it('follows the version: the peer proxy is on from 1.36, and its flag stops older servers', () => {
    const peer = '--peer-ca-file=/etc/kubernetes/pki/apiserver/ca.crt';
    expect(flags(version('1.35.4'))).not.toContain(peer);
    expect(flags(version('1.36.4'))).toContain(peer);
    expect(flags(version('1.37.2'))).toContain(peer);
  });

  it('moves no client and asks no peer when there is only one API server', () => {
    expect(flags(single()).join(' ')).not.toMatch(/goaway|peer/);
  });
});

describe('kubeApiserver', () => {
  it('drains before it is killed', () => {
    expect(manifest().spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(90);
  });

  it('tells tools its endpoint the way kubeadm does', () => {
    expect(manifest().metadata.annotations).toMatchObject({
      'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': '10.0.0.11:6443',
    });
  });

  it('may bind a port below 1024 when the cluster file asks for one', () => {
    const cluster = referenceCluster();
    const low = { ...cluster, controlPlane: { ...cluster.controlPlane, port: 443 } };
    const capabilities = (each: Cluster) =>
      manifest(testContext('cp-1', each)).spec.containers[0].securityContext.capabilities;
    expect(capabilities(cluster)).toEqual({ drop: ['ALL'] });
    expect(capabilities(low)).toEqual({ add: ['NET_BIND_SERVICE'], drop: ['ALL'] });
  });

  it('is recreated when a file changes that it reads only at its start', () => {
    const context = testContext('cp-1');
    const annotation = (each: MachineContext) => manifest(each).metadata.annotations['keelway.dev/restart-on-change'];
    const { pki } = context;
    const changed = [
      { ...pki, trust: { ...pki.trust, etcd: 'another CA\n' } },
      { ...pki, serviceAccount: { ...pki.serviceAccount, privateKeyPem: 'another key\n' } },
      { ...pki, serviceAccount: { ...pki.serviceAccount, publicKeysPem: ['new\n', 'old\n'] } },
    ];
    for (const each of changed) expect(annotation({ ...context, pki: each })).not.toBe(annotation(context));
    const reloaded = { ...pki, encryptionKeys: [{ name: 'key2', secretBase64: 'AAAA' }, ...pki.encryptionKeys] };
    expect(annotation({ ...context, pki: reloaded })).toBe(annotation(context));
  });

  it.each([
    ['1.35.4', true],
    ['1.36.4', false],
    ['1.37.2', false],
  ])('of Kubernetes %s is recreated when the CA of the kubelets changes: %s', (kubernetes, recreated) => {
    const context = testContext('cp-1', version(kubernetes));
    const annotation = (each: MachineContext) => manifest(each).metadata.annotations['keelway.dev/restart-on-change'];
    const pki = { ...context.pki, trust: { ...context.pki.trust, kubernetes: 'old CA\nnew CA\n' } };
    expect(annotation({ ...context, pki }) !== annotation(context)).toBe(recreated);
  });

  it('trusts the client certificates of both CAs and accepts every service-account key', () => {
    const context = testContext('cp-1');
    const pki = {
      ...context.pki,
      serviceAccount: { ...context.pki.serviceAccount, publicKeysPem: ['first', 'second\n'] },
    };
    const files = kubeApiserver({ ...context, pki }).files ?? [];
    const contents = (name: string) => files.find(({ path }) => path.endsWith(`/apiserver/${name}`))?.contents;
    expect(contents('client-ca.crt')).toBe(pki.trust.kubernetes + pki.trust['node-signer']);
    expect(contents('ca.crt')).toBe(pki.trust.kubernetes);
    expect(contents('sa.pub')).toBe('first\nsecond\n');
  });
});
