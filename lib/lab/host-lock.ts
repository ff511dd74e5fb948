import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KeelwayError } from '../errors.ts';
import { LAB_ENVIRONMENT } from './namespaces.ts';
import { RUNTIME_ROOT } from './state.ts';

/**
 * Does work on what all labs of this host share while no other process does: names, leftovers, settings of the host.
 *
 * The kernel holds the lock and gives it back when we end, in whatever way.
 *
 * @throws {@link KeelwayError} `LAB_FAILED` when the lock cannot be had at all; what the work throws.
 */
export async function withHostLock<T>(work: () => Promise<T>): Promise<T> {
  mkdirSync(RUNTIME_ROOT, { recursive: true, mode: 0o700 });
  // It ends when our end of the pipe is closed. In a group of its own, so that Ctrl-C ends us first.
  const holder = spawn('flock', [join(RUNTIME_ROOT, '.lock'), 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    cwd: '/',
    env: LAB_ENVIRONMENT,
  });
  const ended = new Promise<void>((resolve) => {
    holder.once('error', () => resolve());
    holder.once('close', () => resolve());
  });
  holder.stdin.on('error', () => {});
  try {
    const isOurs = await Promise.race([
      new Promise<boolean>((resolve) => holder.stdout.once('data', () => resolve(true))),
      ended.then(() => false),
    ]);
    if (!isOurs) throw new KeelwayError({ code: 'LAB_FAILED', message: `cannot lock ${join(RUNTIME_ROOT, '.lock')}` });
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
