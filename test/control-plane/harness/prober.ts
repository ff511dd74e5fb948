import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '../../harness/sandbox.ts';
import { type Outage, outageOf, type Try } from './outage.ts';

const PROBER = fileURLToPath(new URL('prober.py', import.meta.url));

/** A client that opens a fresh connection ten times a second. */
export interface Prober {
  readonly name: string;
  /**
   * Waits until the client is served at the end of a time, then returns; the tries of its last two seconds may still run.
   *
   * @param limitMs - After so long in all it rejects.
   */
  served(fromMs: number, untilMs: number, limitMs: number): Promise<void>;
  /** What the client went through, see {@link outageOf}; waits until the last of its tries is over. */
  outage(fromMs: number, untilMs: number, expectedMs: number): Promise<Outage>;
  stop(): void;
}

/** A try is over after this long, and its line has come. */
const SETTLED_MS = 2300;
/** So long must all tries succeed before the client counts as served. */
const LASTING_MS = 1000;

/** @param target - Address and port, for instance 10.0.0.100:6443. */
export async function startProber(sandbox: Sandbox, machine: string, target: string): Promise<Prober> {
  const [host = '', port = ''] = target.split(':');
  const tries: Try[] = [];
  let rest = '';
  const started = await sandbox.start(
    machine,
    ['python3', '-c', readFileSync(PROBER, 'utf8'), host, port, '/root/ca.crt'],
    {
      logs: (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const [began, late, answer = ''] = line.split(' ');
          const failed = answer.startsWith('!') || answer.startsWith('HTTP-');
          tries.push({ beganMs: Number(began), lateMs: Number(late), server: failed ? null : answer, answer });
        }
      },
    },
  );
  const between = (fromMs: number, untilMs: number): readonly Try[] =>
    tries
      .filter(({ beganMs }) => beganMs >= fromMs && beganMs < untilMs)
      .toSorted((left, right) => left.beganMs - right.beganMs);
  return {
    name: machine,
    async served(fromMs, untilMs, limitMs) {
      for (;;) {
        const nowMs = Date.now();
        const last = between(nowMs - SETTLED_MS - LASTING_MS, nowMs - SETTLED_MS);
        if (nowMs >= untilMs && last.length > 0 && last.every(({ server }) => server !== null)) return;
        if (nowMs - fromMs > limitMs) {
          const shown = between(fromMs, nowMs)
            .slice(-20)
            .map(({ answer }) => answer);
          throw new Error(`${machine} gets no lasting answer from ${target} in ${limitMs} ms: ${shown.join(' ')}`);
        }
        await sleep(100);
      }
    },
    async outage(fromMs, untilMs, expectedMs) {
      await sleep(Math.max(0, untilMs + SETTLED_MS - Date.now()));
      const found = between(fromMs, untilMs);
      // One that was not tried was not served.
      if (found.length < (untilMs - fromMs) / 1000) throw new Error(`${machine} has hardly tried to reach ${target}`);
      return outageOf(found, fromMs, expectedMs);
    },
    stop: () => started.signal('SIGKILL'),
  };
}
