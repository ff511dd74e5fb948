import { readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same number by when it started. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after the boot of the host. */
  readonly startTicks: number;
}

/** Identifies a living process; null when there is none with this number, or it only waits to be reaped. */
export function identify(pid: number): ProcessId | null {
  const text = read(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return null;
  return { pid, startTicks: Number(fields[19]) };
}

/** True when it is still the same process. */
export function isAlive(process: ProcessId): boolean {
  return identify(process.pid)?.startTicks === process.startTicks;
}

/** PIDs of the direct children of a process; empty when it is gone. */
export function childrenOf(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** The PID that a process has in its own PID namespace; null when it is gone. */
export function innerPid(pid: number): number | null {
  const line = /^NSpid:\t(.*)$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return line === undefined ? null : Number(line.split('\t').at(-1));
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
