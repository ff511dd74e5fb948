import { readFileSync } from 'node:fs';

/** Fields of /proc/PID/stat from the state (the first) on; the twentieth is the start, in clock ticks after the boot. Null when it is not there. */
export function processStat(pid: number | string): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** True of the fields of a process that only waits to be reaped. */
export function hasEnded([state]: readonly string[]): boolean {
  return state === 'Z' || state === 'X';
}
