import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Complaint, ERROR_LINE } from '../../support/complaints.ts';

export interface LoggedLine {
  /** When it came, as Unix time in milliseconds. */
  readonly atMs: number;
  readonly text: string;
}

/** What every program of a lab has said, whole; in files too, for the person who looks why a test failed. */
export class ProgramLogs {
  readonly #folder: string;
  readonly #logs = new Map<string, { machine: string; program: string; lines: LoggedLine[]; rest: string }>();

  /** @param folder - Made here; one file a program. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder);
  }

  append(machine: string, program: string, text: string): void {
    const name = `${machine}-${program}`;
    writeFileSync(join(this.#folder, name), text, { flag: 'a' });
    const log = this.#logs.get(name) ?? { machine, program, lines: [], rest: '' };
    this.#logs.set(name, log);
    const lines = (log.rest + text).split('\n');
    log.rest = lines.pop() ?? '';
    const atMs = Date.now();
    log.lines.push(...lines.map((line) => ({ atMs, text: line })));
  }

  lines(machine: string, program: string): readonly LoggedLine[] {
    return this.#logs.get(`${machine}-${program}`)?.lines ?? [];
  }

  /** Lines at error level or worse of every program. */
  complaints(): readonly Complaint[] {
    const error = new RegExp(ERROR_LINE);
    return [...this.#logs.values()].flatMap(({ machine, program, lines }) =>
      lines
        .filter(({ text }) => error.test(text))
        .map((line) => ({ machine, program: program.replace(/\.service$/, ''), ...line })),
    );
  }
}
