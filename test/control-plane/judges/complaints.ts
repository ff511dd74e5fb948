import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { QUIET_MS, quietFor, shown, unexplained } from '../../support/complaints.ts';
import type { ProgramLab } from '../harness/program-lab.ts';

const LIMIT_MS = 240_000;

/** What the programs of a cluster that came up have to say; before a test disturbs them. Needs {@link judgeForming}. */
export function judgeComplaints(lab: () => ProgramLab): void {
  it('complains about nothing that is not explained, and falls silent when it is up', async () => {
    const start = lab().startTimes();
    const shownOf = (found: ReturnType<typeof unexplained>) => found.map((each) => shown(each, start));
    const endMs = Date.now() + LIMIT_MS;
    const isQuiet = (): boolean => quietFor(lab().logs.complaints(), 'programs', start, Date.now()) >= QUIET_MS;
    while (!isQuiet() && Date.now() < endMs) await sleep(500);
    const complaints = lab().logs.complaints();
    expect(shownOf(unexplained(complaints, 'programs', start))).toEqual([]);
    expect(isQuiet(), shownOf(complaints.slice(-20)).join('\n')).toBe(true);
    // Every API server has something to explain, or the search itself is wrong.
    for (const { machine } of lab().built.plan.machines) {
      if (machine.role !== 'control-plane') continue;
      const said = complaints.filter((each) => each.machine === machine.name && each.program === 'kube-apiserver');
      expect(said.map(({ text }) => text)).toContainEqual(expect.stringContaining('The manifest file is empty'));
    }
  });
}
