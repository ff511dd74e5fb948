export type MachineRole = 'control-plane' | 'etcd' | 'worker';

/** `debian` is Keelway's own node OS; its image carries every program. The others get them by package or by the asset lock. */
export type OperatingSystem = 'debian' | 'ubuntu' | 'flatcar' | 'fedora-coreos';

export type ConfigFormat = 'cloud-init' | 'ignition';

/** Exactly one field is set. Kernel names (/dev/sda) are not stable and are refused. */
export type DiskSelector =
  | { readonly serial: string }
  | { readonly wwn: string }
  /** A name below /dev/disk/by-id or /dev/disk/by-path, absolute. */
  | { readonly path: string };

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** A resolved machine: defaults filled, nothing optional that a renderer would have to guess. */
export interface Machine {
  readonly name: string;
  readonly role: MachineRole;
  /** Dotted IPv4 of the node address, inside the node subnet. */
  readonly address: string;
  /** Lower case, colons; the first carries the node address. Empty only when uuid or serial identifies the machine. */
  readonly macs: readonly string[];
  /** SMBIOS system UUID, lower case. */
  readonly uuid: string | null;
  /** SMBIOS system serial number. */
  readonly serial: string | null;
  /** Kernel name of the interface with the node address; null: matched by the first MAC. */
  readonly interfaceName: string | null;
  readonly os: OperatingSystem;
  readonly configFormat: ConfigFormat;
  /** Runs an etcd member: role etcd, or control-plane in the stacked topology. */
  readonly runsEtcd: boolean;
  /** Runs a kubelet: control-plane and worker. */
  readonly runsKubelet: boolean;
  /** Where the OS is installed; null: it runs from memory or was installed by hand. Used by later stages. */
  readonly installDisk: DiskSelector | null;
  /** The disk mounted as etcd's data directory. */
  readonly dataDisk: DiskSelector | null;
  /** Labels the kubelet sets itself at registration; sorted by key. */
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}
