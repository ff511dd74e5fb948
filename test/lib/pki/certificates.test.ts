import { describe, expect, it } from 'vitest';
import { planCertificates } from '../../../lib/pki/certificates.ts';
import { externalCluster, stackedCluster } from './support.ts';

const CONTROL_PLANE = [
  'apiserver',
  'apiserver-kubelet-client',
  'apiserver-etcd-client',
  'front-proxy-client',
  'controller-manager',
  'scheduler',
];
const KUBELET = ['kubelet-client', 'kubelet-serving', 'kube-proxy'];
const ETCD = ['etcd-server', 'etcd-peer', 'etcd-healthcheck-client'];

const requests = planCertificates(externalCluster());
const byId = new Map(requests.map((request) => [request.id, request]));

describe('planCertificates', () => {
  it('gives every role its certificates and nothing else', () => {
    const of = (machine: string): string[] =>
      requests.filter((request) => request.machine === machine).map((request) => request.id.split('/')[1] as string);
    expect(of('cp-2')).toEqual([...CONTROL_PLANE, 'kube-vip', ...KUBELET]);
    expect(of('etcd-1')).toEqual(ETCD);
    expect(of('worker-3')).toEqual(KUBELET);
    expect(requests).toHaveLength(3 * 10 + 2 * 3 + 3 * 3 + 1);
    expect(byId.size).toBe(requests.length);
  });

  it('gives a machine with everything on it everything, without kube-vip when there is no virtual IP', () => {
    const ids = planCertificates(stackedCluster()).map((request) => request.id);
    expect(ids).toEqual([...[...CONTROL_PLANE, ...KUBELET, ...ETCD].map((name) => `cp-1/${name}`), 'operator/admin']);
  });

  it('names the API server by everything that clients dial', () => {
    expect(byId.get('cp-1/apiserver')).toEqual({
      id: 'cp-1/apiserver',
      machine: 'cp-1',
      authority: 'kubernetes',
      commonName: 'kube-apiserver',
      organizations: [],
      usages: ['server'],
      sans: {
        dns: [
          'cp-1',
          'localhost',
          'kubernetes',
          'kubernetes.default',
          'kubernetes.default.svc',
          'kubernetes.default.svc.cluster.local',
          'api.example.com',
        ],
        ips: ['10.96.0.1', '10.0.0.11', '127.0.0.1', '::1', '10.0.0.100', '203.0.113.7', '2001:db8::7'],
      },
      validitySeconds: 8760 * 3600,
    });
  });

  it('takes an endpoint with a name as a DNS name, and other spellings of one address as one', () => {
    const cluster = stackedCluster();
    const controlPlane = { ...cluster.controlPlane, certSANs: ['0:0:0:0:0:0:0:1', '10.0.0.11', 'localhost'] };
    const sans = planCertificates({ ...cluster, controlPlane }).find(({ id }) => id === 'cp-1/apiserver')?.sans;
    expect(sans?.dns.at(-1)).toBe('api.example.com');
    expect(sans?.dns.filter((name) => name === 'localhost')).toHaveLength(1);
    expect(sans?.ips).toEqual(['10.96.0.1', '10.0.0.11', '127.0.0.1', '::1']);
  });

  it.each([
    ['cp-1/apiserver-kubelet-client', 'kubernetes', 'kube-apiserver-kubelet-client', [], ['client']],
    ['cp-1/apiserver-etcd-client', 'etcd', 'kube-apiserver-etcd-client', [], ['client']],
    ['cp-1/front-proxy-client', 'front-proxy', 'front-proxy-client', [], ['client']],
    ['cp-1/controller-manager', 'kubernetes', 'system:kube-controller-manager', [], ['client']],
    ['cp-1/scheduler', 'kubernetes', 'system:kube-scheduler', [], ['client']],
    ['cp-1/kube-vip', 'kubernetes', 'kube-vip', [], ['client']],
    ['worker-1/kubelet-client', 'kubernetes', 'system:node:worker-1', ['system:nodes'], ['client']],
    ['worker-1/kube-proxy', 'kubernetes', 'system:kube-proxy', [], ['client']],
    ['etcd-1/etcd-healthcheck-client', 'etcd', 'kube-etcd-healthcheck-client', [], ['client']],
    ['operator/admin', 'kubernetes', 'kubernetes-admin', ['keelway:cluster-admins'], ['client']],
  ] as const)('plans the client %s', (id, authority, commonName, organizations, usages) => {
    expect(byId.get(id)).toMatchObject({ authority, commonName, organizations, usages, sans: { dns: [], ips: [] } });
  });

  it.each([
    ['worker-1/kubelet-serving', 'kubernetes', 'system:node:worker-1', ['server'], ['worker-1'], ['10.0.0.31']],
    [
      'etcd-1/etcd-server',
      'etcd',
      'etcd-1',
      ['server', 'client'],
      ['etcd-1', 'localhost'],
      ['10.0.0.21', '127.0.0.1', '::1'],
    ],
    [
      'etcd-1/etcd-peer',
      'etcd-peer',
      'etcd-1',
      ['server', 'client'],
      ['etcd-1', 'localhost'],
      ['10.0.0.21', '127.0.0.1', '::1'],
    ],
  ] as const)('plans the server %s', (id, authority, commonName, usages, dns, ips) => {
    expect(byId.get(id)).toMatchObject({ authority, commonName, usages, sans: { dns, ips } });
  });

  it('puts nobody into system:masters and signs nothing with the node-signer', () => {
    expect(requests.flatMap((request) => request.organizations)).not.toContain('system:masters');
    expect(requests.map((request) => request.authority)).not.toContain('node-signer');
  });
});
