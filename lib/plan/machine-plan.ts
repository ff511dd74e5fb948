import type { Cluster, ClusterInputs } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import type { PkiBundle } from '../pki/pki-bundle.ts';

/** A file as the machine shall have it. Every file Keelway renders is UTF-8 text. */
export interface PlannedFile {
  /** Absolute and clean. */
  readonly path: string;
  readonly contents: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** Secret material: 0600 or 0640, redacted in every display, never in Git unless encrypted. */
  readonly secret: boolean;
}

export interface PlannedDirectory {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface PlannedLink {
  readonly path: string;
  readonly target: string;
}

export interface PlannedUnit {
  /** With suffix: `etcd.service`. */
  readonly name: string;
  /** Null: the unit is the OS's own and only gets drop-ins, enablement or a mask. */
  readonly contents: string | null;
  readonly enabled: boolean;
  readonly masked: boolean;
  readonly dropIns: readonly { readonly name: string; readonly contents: string }[];
  /** Of the unit file, 0644 by default. */
  readonly mode?: number;
}

export interface PlannedUser {
  readonly name: string;
  readonly system: boolean;
  readonly homeDirectory: string | null;
  readonly shell: string;
  readonly groups: readonly string[];
  readonly sshAuthorizedKeys: readonly string[];
  readonly sudo: boolean;
}

/** A program or image that is not part of the target OS, and how it gets there: by URL and sha256. */
export interface PlannedDownload {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
  readonly kind: 'binary' | 'tar.gz' | 'oci';
  /** Where the verified download is kept on the machine. */
  readonly path: string;
  /** For binary and tar.gz: where each program is installed. */
  readonly install: readonly { readonly member: string; readonly path: string }[];
}

export interface MachineNetwork {
  readonly address: string;
  readonly prefixLength: number;
  readonly macAddress: string | null;
  readonly interfaceName: string | null;
  readonly gateway: string | null;
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly mtu: number | null;
}

/** What one component contributes to a machine; parts are merged in order, two files with one path are a bug and throw. */
export interface MachinePart {
  readonly files?: readonly PlannedFile[];
  readonly directories?: readonly PlannedDirectory[];
  readonly links?: readonly PlannedLink[];
  readonly units?: readonly PlannedUnit[];
  readonly users?: readonly PlannedUser[];
  readonly downloads?: readonly PlannedDownload[];
  /** Packages of the target distribution (apt on Ubuntu). */
  readonly packages?: readonly string[];
}

/** Everything one machine needs, independent of Ignition and cloud-init. */
export interface MachinePlan {
  readonly machine: Machine;
  readonly clusterName: string;
  readonly hostname: string;
  readonly network: MachineNetwork;
  readonly files: readonly PlannedFile[];
  readonly directories: readonly PlannedDirectory[];
  readonly links: readonly PlannedLink[];
  readonly units: readonly PlannedUnit[];
  readonly users: readonly PlannedUser[];
  readonly downloads: readonly PlannedDownload[];
  readonly packages: readonly string[];
}

/** What every component sees. */
export interface MachineContext {
  readonly cluster: Cluster;
  readonly machine: Machine;
  readonly pki: PkiBundle;
  readonly inputs: ClusterInputs;
}

export type Component = (context: MachineContext) => MachinePart;
