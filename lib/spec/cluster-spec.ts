import type { VipProfile } from '../model/cluster.ts';
import type { ConfigFormat, DiskSelector, MachineRole, OperatingSystem, Taint } from '../model/machine.ts';

/**
 * The cluster file as parsed: checked, unknown keys refused, defaults of the schema filled in, nothing derived yet.
 *
 * Texts stay as written (`9s`, `8GiB`, `10.0.0.0/24`); `resolveCluster` turns them into numbers and the model.
 * The schema in cluster-schema.ts is checked against these types by the compiler.
 */
export interface ClusterSpec {
  readonly apiVersion: 'keelway.dev/v1alpha1';
  readonly kind: 'Cluster';
  readonly metadata: { readonly name: string };
  readonly spec: ClusterBody;
}

export interface ClusterBody {
  readonly versions: VersionsSpec;
  readonly network: NetworkSpec;
  readonly controlPlane: ControlPlaneSpec;
  readonly etcd: EtcdSpec;
  readonly pki: PkiSpec;
  readonly access: AccessSpec;
  readonly registries: readonly RegistrySpec[];
  readonly gitops?: GitOpsSpec | undefined;
  readonly assets: AssetsSpec;
  readonly machineDefaults: MachineDefaultsSpec;
  readonly machines: readonly MachineSpec[];
}

export interface VersionsSpec {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly kubeVip: string;
  readonly pause: string;
}

export interface NetworkSpec {
  readonly nodeSubnet: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly domain: string;
  readonly gateway?: string | undefined;
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly timeServers: readonly string[];
  readonly mtu?: number | undefined;
}

export interface ControlPlaneSpec {
  /** `host:port`. */
  readonly endpoint: string;
  readonly certSANs: readonly string[];
  readonly schedulable: boolean;
  readonly vip?: VipSpec | undefined;
}

export interface VipSpec {
  readonly profile: VipProfile;
  /** Undefined: the endpoint's host. */
  readonly address?: string | undefined;
  /** Undefined: not decided in the file; `none` applies in the BGP profiles, `arp` in profile arp. */
  readonly onLink?: 'none' | 'arp' | undefined;
  readonly bgp?: BgpSpec | undefined;
}

export interface BgpSpec {
  readonly asn: number;
  readonly routers: readonly BgpRouterSpec[];
  readonly workers: boolean;
  readonly holdTime: string;
  readonly keepaliveInterval: string;
  readonly passwordFile?: string | undefined;
}

export interface BgpRouterSpec {
  readonly address: string;
  readonly asn: number;
  readonly passwordFile?: string | undefined;
  readonly multihop: boolean;
}

export interface EtcdSpec {
  /** Undefined: external when a machine has role etcd, stacked otherwise. */
  readonly topology?: 'external' | 'stacked' | undefined;
  readonly dataDirectory: string;
  readonly quotaBackendSize: string;
  readonly initialClusterState: 'new' | 'existing';
  readonly joining?: string | undefined;
  readonly acceptNoFaultTolerance: boolean;
  readonly heartbeatInterval: string;
  readonly electionTimeout: string;
}

export interface PkiSpec {
  readonly keyAlgorithm: 'ECDSA-P256' | 'RSA-2048';
  readonly caLifetime: string;
  readonly leafLifetime: string;
  /** Undefined: a third of leafLifetime. */
  readonly renewBefore?: string | undefined;
  readonly nodeSigner: 'online' | 'offline';
}

export interface AccessSpec {
  readonly user: string;
  readonly sshAuthorizedKeys: readonly string[];
}

export interface RegistrySpec {
  readonly registry: string;
  readonly endpoints: readonly string[];
  readonly caFile?: string | undefined;
}

export interface GitOpsSpec {
  readonly repository: string;
  readonly branch: string;
  readonly path: string;
}

export interface AssetsSpec {
  readonly lock: string;
}

/** Exactly one field is set. */
export interface DiskSpec {
  readonly serial?: string | undefined;
  readonly wwn?: string | undefined;
  readonly path?: string | undefined;
}

export interface TaintSpec {
  readonly key: string;
  readonly value: string;
  readonly effect: Taint['effect'];
}

export interface MachineDefaultsSpec {
  readonly os: OperatingSystem;
  readonly interface?: string | undefined;
  readonly installDisk?: DiskSpec | undefined;
  readonly dataDisk?: DiskSpec | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly taints?: readonly TaintSpec[] | undefined;
}

export interface MachineSpec {
  readonly name: string;
  readonly role: MachineRole;
  readonly address: string;
  readonly mac?: string | undefined;
  readonly macs?: readonly string[] | undefined;
  readonly uuid?: string | undefined;
  readonly serial?: string | undefined;
  readonly interface?: string | undefined;
  readonly os?: OperatingSystem | undefined;
  readonly installDisk?: DiskSpec | undefined;
  readonly dataDisk?: DiskSpec | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly taints?: readonly TaintSpec[] | undefined;
}

/** How an operating system takes its configuration. */
export const configFormats: Readonly<Record<OperatingSystem, ConfigFormat>> = {
  debian: 'cloud-init',
  ubuntu: 'cloud-init',
  flatcar: 'ignition',
  'fedora-coreos': 'ignition',
};

/** The selector of a parsed disk, whose one field the schema has checked. */
export function diskSelector(disk: DiskSpec): DiskSelector {
  if (disk.serial !== undefined) return { serial: disk.serial };
  if (disk.wwn !== undefined) return { wwn: disk.wwn };
  return { path: disk.path ?? '' };
}
