import { expect } from 'vitest';
import type { RunOptions } from '../../../lib/lab/enter.ts';
import type { Lab } from '../../../lib/lab/lab.ts';

/** Runs a script on a machine; it must succeed. Returns what it printed, without the last newline. */
export async function ask(lab: Lab, machine: string, script: string, options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await lab.run(machine, ['sh', '-euc', script], {
    timeoutMs: 60_000,
    ...options,
  });
  expect(exitCode, `${machine}: ${script}: ${stderr.slice(-2000)}`).toBe(0);
  return stdout.trimEnd();
}

/** The objects that kubectl's arguments select. */
export async function listed<T>(lab: Lab, ...args: string[]): Promise<readonly T[]> {
  const text = await lab.kubectl(['get', ...args, '--output', 'json'], { timeoutMs: 60_000 });
  return (JSON.parse(text) as { items: readonly T[] }).items;
}

/** Asks again until the answer is not false; fails with the last error when time is up. */
export async function eventually<T>(what: string, timeoutMs: number, look: () => Promise<T | false>): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  let last: unknown = 'the answer was no';
  do {
    try {
      const found = await look();
      if (found !== false) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  } while (performance.now() < endMs);
  throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause: last });
}

/** Every node whose Ready condition is True. */
export async function readyNodes(lab: Lab): Promise<readonly string[]> {
  const nodes = await listed<{
    metadata: { name: string };
    status: { conditions: readonly { type: string; status: string }[] };
  }>(lab, 'nodes');
  return nodes
    .filter(({ status }) => status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .map(({ metadata }) => metadata.name);
}
