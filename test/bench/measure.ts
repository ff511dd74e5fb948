import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Cost {
  /** User and system time of the program and its children. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Largest resident set. */
  readonly peakBytes: number;
}

/** A program and its surroundings; nothing of this process's environment goes to it but what is named. */
export interface Job {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs programs and measures them from outside, by the kernel's account of the child. */
export interface Meter {
  /** @throws Error with the program's own output when it fails. */
  readonly run: (job: Job) => Promise<Cost & { readonly output: string }>;
  readonly close: () => void;
}

/**
 * Starts the measuring process: a small Python program, because Node does not tell what a child cost.
 *
 * @param scratch - Folder for the programs' output.
 */
export function startMeter(scratch: string): Meter {
  const child = spawn('python3', [fileURLToPath(new URL('./measure.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const output = join(scratch, 'output');
  return {
    run: async (job) => {
      child.stdin.write(`${JSON.stringify({ ...job, output })}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('the measuring process ended; it needs python3');
      const { exitCode, ...cost } = JSON.parse(value) as Cost & { exitCode: number };
      const text = readFileSync(output, 'utf8');
      if (exitCode !== 0) throw new Error(`${job.argv.join(' ')} failed (exit code ${exitCode}):\n${text}`);
      return { ...cost, output: text };
    },
    close: () => child.stdin.end(),
  };
}
