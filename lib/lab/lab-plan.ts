import type { MachineRole } from '../model/machine.ts';

/** A file that the lab puts on a machine, beside what the seed delivers. */
export interface LabFile {
  /** Absolute. */
  readonly path: string;
  readonly contents: string;
  readonly mode?: number;
}

/** A link that the lab puts on a machine. */
export interface LabLink {
  readonly path: string;
  readonly target: string;
}

/** A folder of the host's disk that a machine sees in a place of its own. It outlives a power cut of the machine. */
export interface LabDisk {
  readonly name: string;
  readonly path: string;
}

/** A cable to a switch. */
export interface LabCable {
  readonly switch: 'nodes' | 'outside';
  readonly interface: string;
  readonly mac: string;
  /** The cable's end in the switch, a kernel interface name. */
  readonly port: string;
  /** `10.0.0.1/24`; null where the machine's own system sets it. */
  readonly address: string | null;
}

/** What a lab runs: whole machines with their systems, or only the programs of the control plane. */
export type LabTier = 'machines' | 'programs';

/**
 * One machine of a lab. `system`: boots systemd from its seed. `programs`: a machine of the cluster whose supervisor runs
 * its programs. `plain`: the lab's own, only a network and programs that are run in it.
 */
export interface LabMachine {
  readonly name: string;
  readonly kind: 'system' | 'programs' | 'plain';
  /** Null for the lab's own machines: router, client and neighbour. */
  readonly role: MachineRole | null;
  readonly cables: readonly LabCable[];
  /** Default route of a machine without a system. */
  readonly gateway: string | null;
  readonly files: readonly LabFile[];
  readonly links: readonly LabLink[];
  readonly disks: readonly LabDisk[];
  /** Archives that the machine finds in its image, host paths. */
  readonly images: readonly string[];
  /** The seed, with paths relative to the root of the machine. */
  readonly seed: readonly { readonly path: string; readonly mode: number; readonly contents: Uint8Array }[];
  /** Programs of a machine without a system that are started with it. */
  readonly services: readonly (readonly string[])[];
}
