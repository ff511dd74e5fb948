import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { bootstrapManifest, bootstrapObjects } from '../../../lib/components/bootstrap-objects.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { referenceCluster } from '../plan/reference-cluster.ts';

interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
  readonly rules?: readonly unknown[];
}

function summary(cluster: Cluster): string[] {
  return (bootstrapObjects(cluster) as unknown as RbacObject[]).map(({ kind, metadata, roleRef, subjects }) => {
    const [subject] = subjects ?? [];
    return [kind, metadata.name, subject?.kind, subject?.name, roleRef?.name].filter(Boolean).join(' ');
  });
}

const cluster = referenceCluster();
const arp: Cluster = {
  ...cluster,
  controlPlane: {
    ...cluster.controlPlane,
    vip: { address: '10.0.0.100', profile: 'arp', onLink: 'arp', inNodeSubnet: true, bgp: null },
  },
};

describe('bootstrapObjects', () => {
  it('binds the administrators, the API server towards kubelets, and the rotation of kubelet certificates', () => {
    expect(summary(cluster)).toEqual([
      'ClusterRoleBinding keelway:cluster-admins Group keelway:cluster-admins cluster-admin',
      'ClusterRoleBinding keelway:apiserver-kubelet-client User kube-apiserver-kubelet-client system:kubelet-api-admin',
      'ClusterRoleBinding keelway:node-certificate-rotation Group system:nodes ' +
        'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    ]);
  });

  it('approves no certificate when nothing can sign one', () => {
    const offline: Cluster = { ...cluster, pki: { ...cluster.pki, nodeSigner: 'offline' } };
    expect(summary(offline)).toHaveLength(2);
    expect(summary(offline).join()).not.toContain('rotation');
  });

  it('lets kube-vip hold its own lease in profile arp, and no other', () => {
    expect(summary(arp).slice(3)).toEqual([
      'Role keelway:kube-vip',
      'RoleBinding keelway:kube-vip User kube-vip keelway:kube-vip',
    ]);
    const [, , , role] = bootstrapObjects(arp) as unknown as RbacObject[];
    expect(role?.metadata.namespace).toBe('kube-system');
    const lease = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
    expect(role?.rules).toEqual([
      { ...lease, verbs: ['create'] },
      { ...lease, resourceNames: ['plndr-cp-lock'], verbs: ['get', 'update'] },
    ]);
  });

  it('is written as one YAML stream', () => {
    const documents = parseAllDocuments(bootstrapManifest(arp)).map((document) => document.toJS());
    expect(documents).toEqual(JSON.parse(JSON.stringify(bootstrapObjects(arp))));
  });
});
