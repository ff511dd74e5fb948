import type { Machine } from './machine.ts';

/** Exact versions without a leading `v`. */
export interface Versions {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly kubeVip: string;
  readonly pause: string;
}

export interface ClusterNetwork {
  /** All `*Cidr` and `*Subnet` are canonical `a.b.c.d/n` with host bits zero. */
  readonly nodeSubnet: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Cluster DNS domain, `cluster.local` by default. */
  readonly domain: string;
  /** Null: no default route (an isolated network). */
  readonly gateway: string | null;
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly timeServers: readonly string[];
  /** Bytes; null: the link's own. */
  readonly mtu: number | null;
  /** First address of the service CIDR (10.96.0.1): the `kubernetes` Service. */
  readonly kubernetesServiceAddress: string;
  /** Tenth address of the service CIDR (10.96.0.10): cluster DNS. */
  readonly dnsServiceAddress: string;
}

export interface BgpRouter {
  readonly address: string;
  readonly asn: number;
  /** Passwords by peer are files read at the edge; a renderer finds the text in {@link ClusterInputs}. */
  readonly passwordFile: string | null;
  readonly multihop: boolean;
}

export interface BgpSettings {
  readonly asn: number;
  readonly routers: readonly BgpRouter[];
  /** bgp-mesh only: workers run BIRD too and learn the VIP. */
  readonly workers: boolean;
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
  /** TCP MD5 password of the mesh sessions, by file; null: none. */
  readonly passwordFile: string | null;
}

export type VipProfile = 'arp' | 'bgp-router' | 'bgp-mesh';

export interface Vip {
  readonly address: string;
  readonly profile: VipProfile;
  /** `none`: nobody answers ARP for the VIP; `arp`: healthy control-plane machines do. Always `arp` in profile arp. */
  readonly onLink: 'none' | 'arp';
  /** True when the address lies inside the node subnet. */
  readonly inNodeSubnet: boolean;
  /** Null in profile arp. */
  readonly bgp: BgpSettings | null;
}

export interface ControlPlane {
  /** Host (name or address) and port that clients use. */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** Port of every API server, equal to the endpoint's port. */
  readonly port: number;
  /** Null: no virtual IP, the endpoint is a single machine (or an outside load balancer). */
  readonly vip: Vip | null;
  /** Further SANs of the API server certificate. */
  readonly certSANs: readonly string[];
  /** True when ordinary pods may run on control-plane machines: no NoSchedule taint. */
  readonly schedulable: boolean;
}

export interface Etcd {
  readonly topology: 'external' | 'stacked';
  readonly dataDirectory: string;
  readonly quotaBackendBytes: number;
  /** `new`: seeds of a cluster that has not formed yet (first boot); `existing`: a member may only join, never form. */
  readonly initialClusterState: 'new' | 'existing';
  /** Machine whose member is being added and does not vote yet: API servers do not use it. Null: none. */
  readonly joining: string | null;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
}

export interface PkiSettings {
  readonly keyAlgorithm: 'ECDSA-P256' | 'RSA-2048';
  readonly caValiditySeconds: number;
  readonly leafValiditySeconds: number;
  /** A kept leaf is issued again when less than this is left. */
  readonly renewBeforeSeconds: number;
  readonly backdateSeconds: number;
  readonly nodeSigner: 'online' | 'offline';
}

export interface Access {
  /** Account that gets the keys and sudo; `core` by default. */
  readonly user: string;
  readonly sshAuthorizedKeys: readonly string[];
}

export interface RegistryMirror {
  /** Registry host as it stands in image references: `docker.io`, `registry.k8s.io`; `_default` for all others. */
  readonly registry: string;
  readonly endpoints: readonly string[];
  /** PEM file of a private CA, relative to the cluster file; text in {@link ClusterInputs}. */
  readonly caFile: string | null;
}

export interface GitOps {
  readonly repository: string;
  readonly branch: string;
  readonly path: string;
}

/** One locked download: an entry of the asset lock, which a machine verifies. */
export interface LockedAsset {
  /** Program name: kubelet, kube-proxy, kubectl, etcd, containerd, runc, cni-plugins, crictl, haproxy, bird; or `image/<name>`. */
  readonly name: string;
  readonly version: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly url: string;
  /** 64 hex digits. */
  readonly sha256: string;
  /** `binary`: the file is the program; `tar.gz`: an archive, `members` are taken out of it; `oci`: an image reference by digest. */
  readonly kind: 'binary' | 'tar.gz' | 'oci';
  /** For tar.gz: paths inside the archive that are installed by base name. */
  readonly members: readonly string[];
}

/** The resolved model: every default filled, machines in spec order, nothing read from outside. */
export interface Cluster {
  readonly name: string;
  readonly versions: Versions;
  readonly network: ClusterNetwork;
  readonly controlPlane: ControlPlane;
  readonly etcd: Etcd;
  readonly pki: PkiSettings;
  readonly access: Access;
  readonly registries: readonly RegistryMirror[];
  readonly gitops: GitOps | null;
  readonly machines: readonly Machine[];
}

/** Contents of the files that the cluster file names, read at the edge; keys are the paths as written there. */
export interface ClusterInputs {
  readonly files: Readonly<Record<string, string>>;
  readonly assets: readonly LockedAsset[];
}

export function machinesOf(cluster: Cluster, role: Machine['role']): readonly Machine[] {
  return cluster.machines.filter((machine) => machine.role === role);
}

/** All of them, the one that is joining among them. */
export function etcdMembers(cluster: Cluster): readonly Machine[] {
  return cluster.machines.filter((machine) => machine.runsEtcd);
}

/** Those that vote, and that clients may use: a learner refuses to read. */
export function votingMembers(cluster: Cluster): readonly Machine[] {
  return etcdMembers(cluster).filter((machine) => machine.name !== cluster.etcd.joining);
}
