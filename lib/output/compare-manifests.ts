import type { FileRecord, MachineManifest, Manifest } from './manifest.ts';

/** What a new configuration changes on one machine; paths on the machine, sorted. */
export interface MachineChange {
  readonly machine: string;
  /** `new`: the last output had no such machine; `removed`: the new one has none. */
  readonly kind: 'new' | 'changed' | 'unchanged' | 'removed';
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Compares two outputs, machine by machine: contents, modes and owners.
 *
 * @param previous - Null: there was no output, every machine is new.
 * @returns Machines in the order of the new output, then those that are gone.
 */
export function compareManifests(previous: Manifest | null, current: Manifest): MachineChange[] {
  const before = new Map(previous?.machines.map((machine) => [machine.name, machine]));
  const changes = current.machines.map((machine) => compareMachine(before.get(machine.name), machine));
  const kept = new Set(current.machines.map((machine) => machine.name));
  for (const machine of before.values()) {
    if (kept.has(machine.name)) continue;
    changes.push({ machine: machine.name, kind: 'removed', added: [], changed: [], removed: paths(machine.files) });
  }
  return changes;
}

function compareMachine(before: MachineManifest | undefined, after: MachineManifest): MachineChange {
  const machine = after.name;
  if (before === undefined) return { machine, kind: 'new', added: paths(after.files), changed: [], removed: [] };
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
  const kind = added.length + changed.length + removed.length === 0 ? 'unchanged' : 'changed';
  return { machine, kind, added, changed, removed };
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
