import type { Cluster } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { ipBytes } from './ip-bytes.ts';
import type { AuthorityName, CertificateRequest, KeyUsagePurpose } from './pki-bundle.ts';

/**
 * Group of the operator's certificate; a ClusterRoleBinding makes it administrator. Unlike system:masters it is nobody
 * until that is applied.
 */
export const ADMIN_GROUP = 'keelway:cluster-admins';

/** Id of the operator's certificate. */
export const ADMIN_ID = 'operator/admin';

type Sans = CertificateRequest['sans'];

/** One line of the table: a certificate that every machine of a kind gets. */
interface CertificateRow {
  readonly name: string;
  readonly authority: AuthorityName;
  readonly commonName: (machine: Machine) => string;
  readonly organizations: readonly string[];
  readonly usages: readonly KeyUsagePurpose[];
  readonly sans: (machine: Machine, cluster: Cluster) => Sans;
}

const CLIENT: readonly KeyUsagePurpose[] = ['client'];
const SERVER: readonly KeyUsagePurpose[] = ['server'];
/** etcd dials itself with its server certificate, and every peer is a client and a server. */
const SERVER_AND_CLIENT: readonly KeyUsagePurpose[] = ['server', 'client'];
const NODES_GROUP = 'system:nodes';

const CONTROL_PLANE_ROWS: readonly CertificateRow[] = [
  {
    name: 'apiserver',
    authority: 'kubernetes',
    commonName: () => 'kube-apiserver',
    organizations: [],
    usages: SERVER,
    sans: apiServerSans,
  },
  // No organization: a ClusterRoleBinding of its own gives it the kubelets' API, and no more.
  clientRow('apiserver-kubelet-client', 'kubernetes', 'kube-apiserver-kubelet-client'),
  clientRow('apiserver-etcd-client', 'etcd', 'kube-apiserver-etcd-client'),
  clientRow('front-proxy-client', 'front-proxy', 'front-proxy-client'),
  clientRow('controller-manager', 'kubernetes', 'system:kube-controller-manager'),
  clientRow('scheduler', 'kubernetes', 'system:kube-scheduler'),
];

const KUBE_VIP_ROW: CertificateRow = clientRow('kube-vip', 'kubernetes', 'kube-vip');

const KUBELET_ROWS: readonly CertificateRow[] = [
  {
    name: 'kubelet-client',
    authority: 'kubernetes',
    commonName: nodeUser,
    organizations: [NODES_GROUP],
    usages: CLIENT,
    sans: noSans,
  },
  {
    name: 'kubelet-serving',
    authority: 'kubernetes',
    commonName: nodeUser,
    organizations: [NODES_GROUP],
    usages: SERVER,
    // API servers dial the InternalIP first, so the address must be there.
    sans: (machine) => ({ dns: [machine.name], ips: [machine.address] }),
  },
  clientRow('kube-proxy', 'kubernetes', 'system:kube-proxy'),
];

const ETCD_ROWS: readonly CertificateRow[] = [
  {
    name: 'etcd-server',
    authority: 'etcd',
    commonName: (machine) => machine.name,
    organizations: [],
    usages: SERVER_AND_CLIENT,
    sans: etcdSans,
  },
  {
    name: 'etcd-peer',
    authority: 'etcd-peer',
    commonName: (machine) => machine.name,
    organizations: [],
    usages: SERVER_AND_CLIENT,
    sans: etcdSans,
  },
  clientRow('etcd-healthcheck-client', 'etcd', 'kube-etcd-healthcheck-client'),
];

/**
 * Plans every certificate the cluster needs; makes no keys.
 *
 * Machines in spec order, then the operator's. One certificate has one key: nothing is shared between machines, and
 * nothing is in the group system:masters; see {@link superAdminRequest}.
 *
 * @param cluster - Resolved model.
 * @returns Requests with ids `<machine>/<certificate>` and `operator/admin`; SANs without duplicates.
 * @see https://kubernetes.io/docs/setup/best-practices/certificates/
 */
export function planCertificates(cluster: Cluster): readonly CertificateRequest[] {
  const requests: CertificateRequest[] = [];
  for (const machine of cluster.machines) {
    for (const row of rowsOf(machine, cluster)) {
      requests.push({
        id: `${machine.name}/${row.name}`,
        machine: machine.name,
        authority: row.authority,
        commonName: row.commonName(machine),
        organizations: row.organizations,
        usages: row.usages,
        sans: row.sans(machine, cluster),
        validitySeconds: cluster.pki.leafValiditySeconds,
      });
    }
  }
  requests.push({
    id: ADMIN_ID,
    machine: null,
    authority: 'kubernetes',
    commonName: 'kubernetes-admin',
    organizations: [ADMIN_GROUP],
    usages: CLIENT,
    sans: noSans(),
    validitySeconds: cluster.pki.leafValiditySeconds,
  });
  return requests;
}

/**
 * The certificate of the superuser, whom no binding makes and none can stop: for hours, kept nowhere, on no machine. It
 * gives a cluster its first permissions when the machines may not (`pki.nodeSigner: offline`), and opens one again whose
 * bindings were lost.
 */
export function superAdminRequest(validitySeconds: number): CertificateRequest {
  return {
    id: 'operator/super-admin',
    machine: null,
    authority: 'kubernetes',
    commonName: 'kubernetes-super-admin',
    organizations: ['system:masters'],
    usages: CLIENT,
    sans: noSans(),
    validitySeconds,
  };
}

function rowsOf(machine: Machine, cluster: Cluster): readonly CertificateRow[] {
  return [
    ...(machine.role === 'control-plane' ? CONTROL_PLANE_ROWS : []),
    ...(machine.role === 'control-plane' && cluster.controlPlane.vip !== null ? [KUBE_VIP_ROW] : []),
    ...(machine.runsKubelet ? KUBELET_ROWS : []),
    ...(machine.runsEtcd ? ETCD_ROWS : []),
  ];
}

function clientRow(name: string, authority: AuthorityName, commonName: string): CertificateRow {
  return { name, authority, commonName: () => commonName, organizations: [], usages: CLIENT, sans: noSans };
}

function nodeUser(machine: Machine): string {
  return `system:node:${machine.name}`;
}

function noSans(): Sans {
  return { dns: [], ips: [] };
}

function apiServerSans(machine: Machine, cluster: Cluster): Sans {
  const { network, controlPlane } = cluster;
  const outside = [controlPlane.endpoint.host, ...controlPlane.certSANs];
  return {
    dns: unique([
      machine.name,
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${network.domain}`,
      ...outside.filter((san) => ipBytes(san) === null),
    ]),
    ips: uniqueAddresses([
      network.kubernetesServiceAddress,
      machine.address,
      '127.0.0.1',
      '::1',
      ...(controlPlane.vip === null ? [] : [controlPlane.vip.address]),
      ...outside.filter((san) => ipBytes(san) !== null),
    ]),
  };
}

/** Peers compare a connecting member's source address with its IP SANs, so the node address must be there. */
function etcdSans(machine: Machine): Sans {
  return { dns: [machine.name, 'localhost'], ips: [machine.address, '127.0.0.1', '::1'] };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

/** `::1` and `0:0:0:0:0:0:0:1` are one address. */
function uniqueAddresses(addresses: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return addresses.filter((address) => {
    const key = String(ipBytes(address));
    return !seen.has(key) && seen.add(key);
  });
}
