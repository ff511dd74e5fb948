import { existsSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeControlGroups, sweepControlGroups } from './control-groups.ts';
import { restoreHostSettings } from './host-settings.ts';
import { isBeingMade, readMaker } from './lab-maker.ts';
import { isAlive, type ProcessId } from './processes.ts';
import { DISKS_ROOT, isRunning, labDisks, labFolder, labNames, RUNTIME_ROOT, readState } from './state.ts';

/** A folder of which nobody says whose it is may be in the making, by an older Keelway. */
const UNKNOWN_FOR_MS = 60_000;

/**
 * Ends a lab and removes everything of it, whatever is there: one that runs, one that is being made, and what a dead one
 * left. Only under the lock of the host.
 *
 * @returns False when there was nothing.
 */
export async function removeLab(name: string): Promise<boolean> {
  const folder = labFolder(name);
  const disks = labDisks(name);
  const found = existsSync(folder) || existsSync(disks);
  const maker = readMaker(folder);
  if (maker !== null && maker.pid !== process.pid) await end(maker, 'SIGTERM');
  const state = readState(folder);
  if (state !== null) {
    // When we are the supervisor ourselves, the lab ends with its first process.
    await end(state.supervisor.pid === process.pid ? state.init : state.supervisor, 'SIGKILL');
    // Nothing inside outlives the first process.
    await gone(state.init);
    await removeControlGroups(state.groups);
  }
  rmSync(folder, { recursive: true, force: true });
  rmSync(disks, { recursive: true, force: true });
  restoreUnneededSettings();
  return found;
}

/**
 * Removes what labs have left that were killed, or were killed while they were being made, or were lost with a reboot. Only
 * under the lock of the host.
 *
 * @returns Their names.
 */
export async function removeLeftovers(): Promise<readonly string[]> {
  await sweepControlGroups();
  const dead = [...new Set([...labNames(RUNTIME_ROOT), ...labNames(DISKS_ROOT)])].filter(isLeftover);
  for (const name of dead) await removeLab(name);
  restoreUnneededSettings();
  return dead;
}

/** True when the name is in use: by a lab that runs, or that is being made. */
export function isTaken(name: string): boolean {
  const folder = labFolder(name);
  return isBeingMade(folder) || isRunning(readState(folder));
}

function isLeftover(name: string): boolean {
  const folder = labFolder(name);
  // Its maker is dead: it was never whole.
  if (readMaker(folder) !== null) return !isBeingMade(folder);
  if (readState(folder) !== null) return !isRunning(readState(folder));
  return !existsSync(folder) || Date.now() - statSync(folder).mtimeMs > UNKNOWN_FOR_MS;
}

function restoreUnneededSettings(): void {
  if (!labNames().some(isTaken)) restoreHostSettings();
}

async function end(owner: ProcessId, signal: NodeJS.Signals): Promise<void> {
  if (!isAlive(owner)) return;
  try {
    process.kill(owner.pid, signal);
  } catch {
    // It ended this instant.
  }
  await gone(owner);
}

async function gone(owner: ProcessId): Promise<void> {
  for (let tries = 0; tries < 400 && isAlive(owner); tries += 1) await sleep(25);
}
