import type { Cluster } from '../model/cluster.ts';
import { toYaml, type YamlValue } from '../render/yaml.ts';

/** Name of the Lease that kube-vip's leader election holds in profile `arp`, in namespace kube-system. */
export const KUBE_VIP_LEASE = 'plndr-cp-lock';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC_VERSION = `${RBAC_GROUP}/v1`;
const LABELS = { 'app.kubernetes.io/managed-by': 'keelway' };

/**
 * The objects that a cluster of Keelway's needs before anything else: who may administer it, and what its own
 * components may do beyond the roles that the API server creates by itself.
 *
 * The bootstrap unit of each control-plane machine applies them at every boot; with an offline node-signer the operator does.
 *
 * @returns Plain data, in the order to apply.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
 */
export function bootstrapObjects(cluster: Cluster): readonly YamlValue[] {
  return [
    clusterRoleBinding('keelway:cluster-admins', 'cluster-admin', group('keelway:cluster-admins')),
    // logs, exec, port-forward and metrics: kubelets ask the API whether its own client certificate may.
    clusterRoleBinding(
      'keelway:apiserver-kubelet-client',
      'system:kubelet-api-admin',
      user('kube-apiserver-kubelet-client'),
    ),
    ...(cluster.pki.nodeSigner === 'online'
      ? [
          clusterRoleBinding(
            'keelway:node-certificate-rotation',
            'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
            group('system:nodes'),
          ),
        ]
      : []),
    ...(cluster.controlPlane.vip?.profile === 'arp' ? kubeVipLease() : []),
  ];
}

/** {@link bootstrapObjects} as one YAML stream. */
export function bootstrapManifest(cluster: Cluster): string {
  return bootstrapObjects(cluster).map(toYaml).join('---\n');
}

function clusterRoleBinding(name: string, role: string, subject: YamlValue): YamlValue {
  return {
    apiVersion: RBAC_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: LABELS },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role },
    subjects: [subject],
  };
}

/** A `create` cannot be limited by name: the authorizer does not know the name of what is not there yet. */
function kubeVipLease(): YamlValue[] {
  const metadata = { name: 'keelway:kube-vip', namespace: 'kube-system', labels: LABELS };
  const lease = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
  return [
    {
      apiVersion: RBAC_VERSION,
      kind: 'Role',
      metadata,
      rules: [
        { ...lease, verbs: ['create'] },
        { ...lease, resourceNames: [KUBE_VIP_LEASE], verbs: ['get', 'update'] },
      ],
    },
    {
      apiVersion: RBAC_VERSION,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name: metadata.name },
      subjects: [user('kube-vip')],
    },
  ];
}

function user(name: string): YamlValue {
  return { apiGroup: RBAC_GROUP, kind: 'User', name };
}

function group(name: string): YamlValue {
  return { apiGroup: RBAC_GROUP, kind: 'Group', name };
}
