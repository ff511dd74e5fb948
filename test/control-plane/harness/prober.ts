import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '../../harness/sandbox.ts';

const PROBER = fileURLToPath(new URL('prober.py', import.meta.url));

interface Try {
  readonly beganMs: number;
  /** The machine that answered; null: nobody did, in time and well. */
  readonly server: string | null;
  readonly answer: string;
}

/** A client that opens a fresh connection ten times a second. */
export interface Prober {
  readonly name: string;
  /** Tries that began at or after this moment and are over. */
  since(ms: number): readonly Try[];
  /**
   * How long after `ms` the client went without an answer: until the first try after which none failed for two seconds.
   * Zero when none failed in the first six seconds: what is checked every few seconds fails late. Rejects when that
   * takes longer than `limitMs`.
   */
  outage(ms: number, limitMs: number): Promise<number>;
  stop(): void;
}

/** Tries are judged when the longest is over, and its line has come. */
const SETTLED_MS = 2700;
/** So long must all tries succeed before the client counts as served again. */
const LASTING_MS = 2000;
const OBSERVED_MS = 6000;

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
          const [began, , answer = ''] = line.split(' ');
          const failed = answer.startsWith('!') || answer.startsWith('HTTP-');
          tries.push({ beganMs: Number(began), server: failed ? null : answer, answer });
        }
      },
    },
  );
  const since = (ms: number): readonly Try[] =>
    tries.filter(({ beganMs }) => beganMs >= ms).toSorted((left, right) => left.beganMs - right.beganMs);
  return {
    name: machine,
    since,
    async outage(ms, limitMs) {
      for (;;) {
        await sleep(100);
        const settled = since(ms).filter(({ beganMs }) => beganMs < Date.now() - SETTLED_MS);
        const last = settled.findLastIndex(({ server }) => server === null);
        const good = settled.slice(last + 1);
        const [first] = good;
        const isObserved = (settled.at(-1)?.beganMs ?? 0) - ms >= OBSERVED_MS;
        if (isObserved && first !== undefined && (good.at(-1)?.beganMs ?? 0) - first.beganMs >= LASTING_MS) {
          return last < 0 ? 0 : first.beganMs - ms;
        }
        if (Date.now() - ms > limitMs + LASTING_MS + SETTLED_MS) {
          const shown = since(ms)
            .slice(-20)
            .map(({ answer }) => answer);
          throw new Error(`${machine} gets no lasting answer from ${target} in ${limitMs} ms: ${shown.join(' ')}`);
        }
      }
    },
    stop: () => started.signal('SIGKILL'),
  };
}
