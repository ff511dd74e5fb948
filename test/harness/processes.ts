import { readFileSync } from 'node:fs';

/** PIDs of the direct children of a process; empty when it is gone. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** The PID that a process has in its own PID namespace. */
export function innerPid(pid: number): number | undefined {
  try {
    const line = /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return line === undefined ? undefined : Number(line.split('\t').at(-1));
  } catch {
    return undefined;
  }
}
