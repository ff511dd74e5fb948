import { appendFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A full file makes way for a new one, of which there are two at most. */
const LIMIT_BYTES = 8 * 1024 * 1024;

const TAIL_LINES = 12;

/** The log of a program: `logs/etcd-1/etcd.service.log` in the lab's runtime folder. */
export function programLogPath(folder: string, machine: string, program: string): string {
  return join(folder, 'logs', machine, `${program}.log`);
}

/** Writes what programs say to their logs, for root only. */
export function keepProgramLogs(folder: string): (machine: string, program: string, text: string) => void {
  const sizes = new Map<string, number>();
  return (machine, program, text) => {
    const path = programLogPath(folder, machine, program);
    const size = sizes.get(path);
    if (size === undefined) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (size !== undefined && size > LIMIT_BYTES) renameSync(path, `${path}.1`);
    appendFileSync(path, text, { mode: 0o600 });
    sizes.set(path, size !== undefined && size <= LIMIT_BYTES ? size + text.length : text.length);
  };
}

/** The last lines of a program's log; empty when it said nothing. */
export function lastProgramLines(folder: string, machine: string, program: string): string {
  try {
    const lines = readFileSync(programLogPath(folder, machine, program), 'utf8')
      .trimEnd()
      .split('\n');
    return `${lines.slice(-TAIL_LINES).join('\n')}\n`;
  } catch {
    return '';
  }
}
