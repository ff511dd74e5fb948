import { appendFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A full file makes way for a new one, of which there are two at most. */
const LIMIT_BYTES = 8 * 1024 * 1024;

const TAIL_LINES = 12;

/** The log of a program: `etcd-1/etcd.service.log` in the folder of the lab's logs. */
export function programLogPath(folder: string, machine: string, program: string): string {
  return join(folder, machine, `${program}.log`);
}

/**
 * Writes what programs say to their logs, for root only. A log that cannot be written, on a full disk for instance, ends
 * no program.
 *
 * @param failed - Told once, when the first word is lost.
 */
export function keepProgramLogs(
  folder: string,
  failed: (error: Error) => void,
): (machine: string, program: string, text: string) => void {
  const sizes = new Map<string, number>();
  let isTold = false;
  return (machine, program, text) => {
    try {
      write(machine, program, text);
    } catch (error) {
      if (!isTold) failed(error as Error);
      isTold = true;
    }
  };

  function write(machine: string, program: string, text: string): void {
    const path = programLogPath(folder, machine, program);
    const size = sizes.get(path);
    if (size === undefined) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (size !== undefined && size > LIMIT_BYTES) renameSync(path, `${path}.1`);
    appendFileSync(path, text, { mode: 0o600 });
    sizes.set(path, size !== undefined && size <= LIMIT_BYTES ? size + text.length : text.length);
  }
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
