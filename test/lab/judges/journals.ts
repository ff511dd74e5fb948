import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { QUIET_MS, quietFor, shown, unexplained } from '../../support/complaints.ts';
import type { TestLab } from '../test-lab.ts';
import { ask } from './ask.ts';
import { complaintsOf, type MachineComplaint } from './complaints.ts';

const LIMIT_MS = 240_000;

/** What machines that came up, the first time or again, have to say; before a test disturbs them. */
export function judgeJournals(up: () => TestLab): void {
  const names = () => up().cluster.machines.map(({ name }) => name);

  it('has nothing at error level in any journal or container log that is not explained, and falls silent', async () => {
    const start = up().startTimes();
    const look = async (): Promise<readonly MachineComplaint[]> =>
      (await Promise.all(names().map((name) => complaintsOf(up().lab, name, start.poweredOnMs)))).flat();
    const endMs = Date.now() + LIMIT_MS;
    let complaints: readonly MachineComplaint[];
    let quietMs: number;
    for (;;) {
      const nowMs = Date.now();
      complaints = await look();
      quietMs = quietFor(complaints, 'machines', start, nowMs);
      if (quietMs >= QUIET_MS || nowMs > endMs) break;
      await sleep(Math.max(1000, QUIET_MS - quietMs));
    }
    const shownOf = (found: typeof complaints | ReturnType<typeof unexplained>) =>
      found.map((each) => shown(each, start));
    expect(shownOf(unexplained(complaints, 'machines', start))).toEqual([]);
    expect(quietMs, shownOf(complaints.slice(-20)).join('\n')).toBeGreaterThanOrEqual(QUIET_MS);
    // Every kubelet and every API server has something to explain, or the search itself is wrong.
    for (const { name, role, runsKubelet } of up().cluster.machines) {
      const said = complaints.filter(({ machine }) => machine === name);
      if (runsKubelet) expect(said, name).toContainEqual(expect.objectContaining({ source: 'journal' }));
      if (role !== 'control-plane') continue;
      const text = expect.stringContaining('The manifest file is empty');
      expect(said, name).toContainEqual(
        expect.objectContaining({ source: 'container', program: 'kube-apiserver', text }),
      );
    }
  }, 400_000);

  it('has nothing at priority error in any journal: no unit says that it failed', async () => {
    for (const name of names()) {
      const since = `@${Math.floor(up().startTimes().poweredOnMs / 1000)}`;
      const script = `journalctl --quiet --no-pager --priority=err --since=${since} || :`;
      expect(await ask(up().lab, name, script), name).toBe('');
    }
  });
}
