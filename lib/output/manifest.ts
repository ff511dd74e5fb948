import type { MachinePlan, PlannedFile } from '../plan/machine-plan.ts';
import type { Hash } from './hash.ts';
import { machineFiles } from './machine-files.ts';
import { type OutputFile, outputMode } from './output-file.ts';

/** `manifest.json`: what every machine gets and what the output folder holds. Public interface; grows by fields. */
export interface Manifest {
  readonly apiVersion: 'keelway.dev/v1alpha1';
  readonly kind: 'Manifest';
  readonly cluster: string;
  readonly machines: readonly MachineManifest[];
  /** Every file of the output folder but the manifest itself, sorted by path. */
  readonly outputs: readonly OutputRecord[];
}

export interface MachineManifest {
  readonly name: string;
  readonly files: readonly FileRecord[];
}

export interface FileRecord {
  /** Absolute, on the machine. */
  readonly path: string;
  readonly sha256: string;
  /** Octal digits. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly secret: boolean;
}

export interface OutputRecord {
  /** Relative to the output folder. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mode: string;
  readonly secret: boolean;
}

/**
 * Describes an output. The manifest is kept like a secret: the digest of a short password gives the password away.
 */
export function describeOutput(
  cluster: string,
  machines: readonly MachinePlan[],
  outputs: readonly OutputFile[],
  hash: Hash,
): Manifest {
  return {
    apiVersion: 'keelway.dev/v1alpha1',
    kind: 'Manifest',
    cluster,
    machines: machines.map((plan) => ({
      name: plan.machine.name,
      files: machineFiles(plan).map((file) => toFileRecord(file, hash)),
    })),
    outputs: outputs.map((file) => toOutputRecord(file, hash)).sort((left, right) => (left.path < right.path ? -1 : 1)),
  };
}

function toFileRecord(file: PlannedFile, hash: Hash): FileRecord {
  return {
    path: file.path,
    sha256: hash(file.contents),
    mode: octal(file.mode),
    owner: file.owner,
    group: file.group,
    secret: file.secret,
  };
}

function toOutputRecord(file: OutputFile, hash: Hash): OutputRecord {
  return {
    path: file.path,
    sha256: hash(file.contents),
    sizeBytes: typeof file.contents === 'string' ? Buffer.byteLength(file.contents) : file.contents.length,
    mode: octal(outputMode(file)),
    secret: file.secret,
  };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** Reads a manifest of an earlier run; null for text that is none, which only means that there is nothing to compare with. */
export function parseManifest(text: string): Manifest | null {
  try {
    const value = JSON.parse(text) as Partial<Manifest> | null;
    return value?.kind === 'Manifest' && isManifest(value as Manifest) ? (value as Manifest) : null;
  } catch {
    return null;
  }
}

function isManifest(manifest: Manifest): boolean {
  return (
    Array.isArray(manifest.outputs) &&
    Array.isArray(manifest.machines) &&
    manifest.outputs.every((output) => typeof output.path === 'string') &&
    manifest.machines.every((machine) => Array.isArray(machine.files))
  );
}
