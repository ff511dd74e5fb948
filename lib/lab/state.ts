import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeelwayError } from '../errors.ts';
import type { LabMachine, LabTier } from './lab-plan.ts';
import { isAlive, type ProcessId } from './processes.ts';

/** Where labs of this host are. */
export const RUNTIME_ROOT = '/run/keelway-lab';
/** Where the disks of their machines are. */
export const DISKS_ROOT = '/var/lib/keelway-lab';

/** As the names of clusters: it is a folder, and part of mount options. */
const LAB_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A machine of a running lab, as it is noted in its folder. */
export interface MachineState {
  readonly name: string;
  readonly kind: LabMachine['kind'];
  readonly role: LabMachine['role'];
  readonly cables: LabMachine['cables'];
  readonly gateway: string | null;
  readonly services: LabMachine['services'];
  readonly disks: LabMachine['disks'];
  /** Layers of the root below the writable one, topmost first. */
  readonly layers: readonly string[];
  /** The process that boots or holds it; null when it is off. */
  readonly process: ProcessId | null;
}

/** What is known of a lab between commands. */
export interface LabState {
  readonly name: string;
  readonly tier: LabTier;
  readonly clusterName: string;
  /** Host and port that clients use. */
  readonly endpoint: string;
  readonly clusterFile: string | null;
  readonly supervisor: ProcessId;
  readonly init: ProcessId;
  /** The lab's control groups, which end empty. */
  readonly groups: readonly string[];
  readonly disks: string;
  readonly nspawn: string;
  readonly createdSeconds: number;
  readonly machines: readonly MachineState[];
  /** Name of what was reached, to milliseconds after power on. */
  readonly timeline: Readonly<Record<string, number>>;
}

/**
 * The name itself, when it is one.
 *
 * @throws {@link KeelwayError} `USAGE_INVALID` for anything that could be another path.
 */
export function checkedName(name: string): string {
  if (LAB_NAME.test(name)) return name;
  throw new KeelwayError({
    code: 'USAGE_INVALID',
    message: `${JSON.stringify(name)} cannot be the name of a lab`,
    hint: 'lower-case letters, digits and hyphens, at most 63',
  });
}

/** The runtime folder of the lab with this name: its state and logs, for root only. */
export function labFolder(name: string): string {
  return join(RUNTIME_ROOT, checkedName(name));
}

/** Folder of the disks of a lab's machines. */
export function labDisks(name: string): string {
  return join(DISKS_ROOT, checkedName(name));
}

/** Folder of what the programs of a lab say: on the disk, because it may be much. No machine is called so. */
export function labLogs(name: string): string {
  return join(labDisks(name), '_logs');
}

export function statePath(folder: string): string {
  return join(folder, 'state.json');
}

/** Null when there is none, or it cannot be read as one. */
export function readState(folder: string): LabState | null {
  try {
    return JSON.parse(readFileSync(statePath(folder), 'utf8')) as LabState;
  } catch {
    return null;
  }
}

/** Whole or not at all. */
export function writeState(folder: string, state: LabState): void {
  const temporary = `${statePath(folder)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 1)}\n`, { mode: 0o600 });
  renameSync(temporary, statePath(folder));
}

/** Names of the labs that have a folder, running or not. */
export function labNames(root: string = RUNTIME_ROOT): readonly string[] {
  return existsSync(root)
    ? readdirSync(root)
        .filter((name) => LAB_NAME.test(name))
        .sort()
    : [];
}

/** True while the lab's supervisor lives. */
export function isRunning(state: LabState | null): state is LabState {
  return state !== null && isAlive(state.supervisor) && isAlive(state.init);
}
