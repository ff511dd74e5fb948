import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, type ProcessId } from './processes.ts';

function notePath(folder: string): string {
  return join(folder, 'making.json');
}

/** Notes in a lab's folder that we are making it; first of all, so that others know whose it is. */
export function noteMaker(folder: string): void {
  writeFileSync(notePath(folder), `${JSON.stringify(identify(process.pid))}\n`, { mode: 0o600 });
}

/** It is made. */
export function forgetMaker(folder: string): void {
  rmSync(notePath(folder), { force: true });
}

/** Who makes a lab, or was at it when it was killed; null when it is made, or nobody said. */
export function readMaker(folder: string): ProcessId | null {
  try {
    return JSON.parse(readFileSync(notePath(folder), 'utf8')) as ProcessId;
  } catch {
    return null;
  }
}

/** True while somebody makes it. */
export function isBeingMade(folder: string): boolean {
  const maker = readMaker(folder);
  return maker !== null && isAlive(maker);
}
