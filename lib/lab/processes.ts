import { readdirSync, readFileSync } from 'node:fs';
import { hasEnded, processStat } from '../process-stat.ts';

/** A process, told apart from a later one with the same number by when it started. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after the boot of the host. */
  readonly startTicks: number;
}

/** Identifies a living process; null when there is none with this number, or it only waits to be reaped. */
export function identify(pid: number): ProcessId | null {
  const fields = processStat(pid);
  if (fields === null || hasEnded(fields)) return null;
  return { pid, startTicks: Number(fields[19]) };
}

/** True when a signal has stopped it; it goes on with SIGCONT. */
export function isStopped(pid: number): boolean {
  return processStat(pid)?.[0] === 'T';
}

/** PIDs of all processes of a session, by the PID of the one that opened it, which may have ended. */
export function sessionOf(leader: number): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => processStat(pid)?.[3] === String(leader));
}

/** A process and everything that descends from it, as far as its parents live. */
export function familyOf(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
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
