/**
 * `waiting`: not started yet, or between two starts. `starting`: runs, but has not said that it is ready. `done`: a oneshot
 * that ended well. `failed`: ended, and is not started again. `stopped`: by us.
 */
export type ProgramState = 'waiting' | 'starting' | 'running' | 'done' | 'failed' | 'stopped';

/** A unit or static pod of a machine, under supervision. */
export interface LabProgram {
  /** `etcd.service`, `kube-apiserver`. */
  readonly name: string;
  readonly kind: 'unit' | 'pod';
  state(): ProgramState;
  /** Host PID of the program; null when none runs. */
  pid(): number | null;
  /** How often it was started again by itself. */
  restarts(): number;
  /** What it, and its supervision, said so far: the last 256 KiB. */
  log(): string;
  /** Starts it and keeps it running; resolves when it was started the first time. A oneshot: when it has ended. */
  start(): Promise<void>;
  /** Ends it and keeps it ended. With SIGKILL nothing is asked, and nothing that should run at the end is run. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal to the program alone; supervision goes on. */
  signal(name: NodeJS.Signals): void;
}

const LOG_LIMIT = 256 * 1024;

/** The log of a program: bounded, the newest kept. */
export class ProgramLog {
  #text = '';
  readonly #listener: (text: string) => void;

  constructor(listener: (text: string) => void) {
    this.#listener = listener;
  }

  append(text: string): void {
    const all = this.#text + text;
    this.#text = all.length > LOG_LIMIT ? all.slice(-LOG_LIMIT / 2) : all;
    this.#listener(text);
  }

  /** A line of the supervision itself. */
  note(line: string): void {
    this.append(`keelway-lab: ${line}\n`);
  }

  toString(): string {
    return this.#text;
  }
}
