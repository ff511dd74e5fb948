import type { FileRecord, MachineManifest, MachineSettings, Manifest } from './manifest.ts';

/** What a new configuration changes on one machine; paths of files are paths on the machine, sorted. */
export interface MachineChange {
  readonly machine: string;
  /** `new`: the last output had no such machine; `removed`: the new one has none. */
  readonly kind: 'new' | 'changed' | 'unchanged' | 'removed';
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** What else changes on the machine, by kind: `accounts`, `links`, `packages`. */
  readonly settings: readonly string[];
  /** Names of its outputs that are not on the disk as they should be: `user-data`, `seed.iso`. */
  readonly outputs: readonly string[];
}

/**
 * Compares two outputs, machine by machine: files with contents, modes and owners, and what a machine gets beside files.
 *
 * @param previous - Null: there was no output, every machine is new.
 * @param stale - Paths of outputs that differ on the disk: also what somebody has changed there by hand.
 * @returns Machines in the order of the new output, then those that are gone.
 */
export function compareManifests(
  previous: Manifest | null,
  current: Manifest,
  stale: readonly string[],
): MachineChange[] {
  const before = new Map(previous?.machines.map((machine) => [machine.name, machine]));
  const outputs = Map.groupBy(stale, (path) => MACHINE_OUTPUT.exec(path)?.[1]);
  const changes = current.machines.map((machine) =>
    compareMachine(before.get(machine.name), machine, (outputs.get(machine.name) ?? []).map(nameOf)),
  );
  const kept = new Set(current.machines.map((machine) => machine.name));
  for (const { name, files } of before.values()) {
    if (kept.has(name)) continue;
    changes.push({ ...NOTHING, machine: name, kind: 'removed', removed: paths(files) });
  }
  return changes;
}

const MACHINE_OUTPUT = /^machines\/([^/]+)\//;
const NOTHING = { added: [], changed: [], removed: [], settings: [], outputs: [] };

function nameOf(path: string): string {
  return path.replace(MACHINE_OUTPUT, '');
}

function compareMachine(
  before: MachineManifest | undefined,
  after: MachineManifest,
  outputs: readonly string[],
): MachineChange {
  const machine = after.name;
  if (before === undefined) return { ...NOTHING, machine, kind: 'new', added: paths(after.files), outputs };
  const old = new Map(before.files.map((file) => [file.path, file]));
  const added: string[] = [];
  const changed: string[] = [];
  for (const file of after.files) {
    const previous = old.get(file.path);
    if (previous === undefined) added.push(file.path);
    else if (!isSame(previous, file)) changed.push(file.path);
    old.delete(file.path);
  }
  const removed = [...old.keys()];
  const settings = changedSettings(before.settings, after.settings);
  const isChanged = [added, changed, removed, settings, outputs].some((list) => list.length > 0);
  return { machine, kind: isChanged ? 'changed' : 'unchanged', added, changed, removed, settings, outputs };
}

/** Unknown in an old manifest: the outputs then say that something changed. */
function changedSettings(before: MachineSettings | undefined, after: MachineSettings = {}): string[] {
  return before === undefined ? [] : Object.keys(after).filter((kind) => before[kind] !== after[kind]);
}

function isSame(left: FileRecord, right: FileRecord): boolean {
  return (
    left.sha256 === right.sha256 &&
    left.mode === right.mode &&
    left.owner === right.owner &&
    left.group === right.group &&
    left.secret === right.secret
  );
}

function paths(files: readonly FileRecord[]): string[] {
  return files.map((file) => file.path);
}
