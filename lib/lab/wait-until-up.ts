import { setTimeout as sleep } from 'node:timers/promises';
import { KeelwayError } from '../errors.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Lab } from './lab.ts';
import { type Milestone, milestonesOf } from './milestones.ts';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Milliseconds of a clock that only goes forward; `performance.now`. */
  readonly now: () => number;
  /** When the machines were switched on, by that clock. */
  readonly startedMs: number;
  /** Told once for each milestone. */
  readonly reached?: (name: string, milliseconds: number) => void;
  readonly signal?: AbortSignal;
  /** What is waited for, and what is told when time is up; default: whole machines. */
  readonly watch?: LabWatch;
}

/** What a tier of the lab reaches, and where to look when it does not. */
export interface LabWatch {
  readonly milestones: readonly Milestone[];
  /** What was said last on a machine that is on. */
  readonly lastLines: (lab: Lab, machine: string) => Promise<string>;
  /** What to look at. */
  readonly hint: string;
}

/**
 * Waits until every milestone of a cluster is reached, and notes when. Each is looked at on its own, once a second: one
 * that comes late delays no other.
 *
 * @throws {@link KeelwayError} `LAB_FAILED` when time is up, with what is missing and the last lines of the journals.
 */
export async function waitUntilUp(lab: Lab, cluster: Cluster, options: WaitOptions): Promise<void> {
  const watch = options.watch ?? {
    milestones: milestonesOf(cluster),
    lastLines,
    hint: `keelway lab exec --name ${lab.state.name} MACHINE -- journalctl -e`,
  };
  const sinceMs = Date.now() - (options.now() - options.startedMs);
  const pending = new Map(watch.milestones.map((milestone) => [milestone, ['not looked yet'] as readonly string[]]));
  let isOver = false;

  const reach = async (milestone: Milestone): Promise<void> => {
    while (!isOver) {
      options.signal?.throwIfAborted();
      const missing = await milestone.missing(lab, sinceMs);
      const milliseconds = Math.round(options.now() - options.startedMs);
      if (isOver) return;
      if (missing.length === 0) {
        pending.delete(milestone);
        lab.mark(milestone.name, milliseconds);
        options.reached?.(milestone.name, milliseconds);
        return;
      }
      pending.set(milestone, missing);
      if (milliseconds > options.timeoutMs) return;
      await sleep(1000);
    }
  };

  try {
    await Promise.all(watch.milestones.filter(({ isLast }) => isLast !== true).map(reach));
    const last = [...pending.keys()].filter(({ isLast }) => isLast === true);
    if (pending.size === last.length) await Promise.all(last.map(reach));
  } finally {
    isOver = true;
  }
  if (pending.size > 0) throw await timeIsUp(lab, pending, options.timeoutMs, watch);
}

async function timeIsUp(
  lab: Lab,
  pending: ReadonlyMap<{ readonly name: string }, readonly string[]>,
  timeoutMs: number,
  watch: LabWatch,
): Promise<KeelwayError> {
  const [first] = pending;
  const [milestone, missing] = first ?? [{ name: 'nothing' }, []];
  const machines = lab.state.machines.filter(({ kind }) => kind !== 'plain').map(({ name }) => name);
  const concerned = machines.filter((name) => missing.some((line) => line.includes(name)));
  const journals = await Promise.all(
    (concerned.length > 0 ? concerned : machines).slice(0, 3).map(async (name) => {
      return lab.isOn(name) ? `--- ${name}\n${await watch.lastLines(lab, name)}` : `--- ${name} is off\n`;
    }),
  );
  return new KeelwayError({
    code: 'LAB_FAILED',
    message: `${milestone.name} not reached within ${timeoutMs / 1000} s: ${missing.join('; ')}\n${journals.join('')}`,
    hint: `the lab runs on, for you to look: ${watch.hint}; end it with keelway lab down --name ${lab.state.name}`,
  });
}

/** Warnings first; failing those, whatever was said last. */
async function lastLines(lab: Lab, name: string): Promise<string> {
  const journal = ['journalctl', '--no-pager', '--lines=12', '--output=short', '--boot'];
  const warnings = await lab.run(name, [
    ...journal,
    '--priority=warning',
    '--identifier=systemd',
    '--identifier=sh',
    '--identifier=kubelet',
    '--identifier=etcd',
  ]);
  if (warnings.stdout.trim() !== '' && !warnings.stdout.includes('-- No entries --')) return warnings.stdout;
  return (await lab.run(name, journal)).stdout;
}
