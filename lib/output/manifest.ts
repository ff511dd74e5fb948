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
  /** SHA-256 of what a machine gets beside files, by kind; absent in manifests of the first builds. */
  readonly settings?: MachineSettings;
}

export type MachineSettings = Readonly<Record<string, string>>;

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
      settings: settingsOf(plan, hash),
    })),
    outputs: outputs.map((file) => toOutputRecord(file, hash)).sort((left, right) => (left.path < right.path ? -1 : 1)),
  };
}

/** The network is in a file or an output of its own. */
function settingsOf(
  { users, directories, links, units, downloads, packages }: MachinePlan,
  hash: Hash,
): MachineSettings {
  const digest = (value: unknown): string => hash(JSON.stringify(value));
  return {
    accounts: digest(users),
    folders: digest(directories),
    links: digest(links),
    'enabled units': digest(units.map(({ name, enabled, masked }) => [name, enabled, masked])),
    downloads: digest(downloads),
    packages: digest(packages),
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
    const value: unknown = JSON.parse(text);
    return isManifest(value) ? value : null;
  } catch {
    return null;
  }
}

function isManifest(value: unknown): value is Manifest {
  return (
    isRecord(value) &&
    value.kind === 'Manifest' &&
    typeof value.cluster === 'string' &&
    isListOf(value.outputs, (output) => hasTexts(output, ['path'])) &&
    isListOf(
      value.machines,
      (machine) =>
        hasTexts(machine, ['name']) &&
        isListOf(machine.files, (file) => hasTexts(file, ['path', 'sha256', 'mode', 'owner', 'group'])) &&
        (machine.settings === undefined || isRecord(machine.settings)),
    )
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasTexts(value: unknown, keys: readonly string[]): value is Record<string, unknown> {
  return isRecord(value) && keys.every((key) => typeof value[key] === 'string');
}

function isListOf(value: unknown, check: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(check);
}
