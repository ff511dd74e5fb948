import { expect, it } from 'vitest';
import type { TestLab } from '../test-lab.ts';
import { ask } from './ask.ts';
import { type Complaint, complaintsOf, unexplained } from './complaints.ts';

/** What machines that came up have to say; before a test disturbs them. */
export function judgeJournals(up: () => TestLab): void {
  const names = () => up().cluster.machines.map(({ name }) => name);

  it('has nothing at error level in any journal or container log that is not explained', async () => {
    const all: Complaint[] = [];
    for (const { name, runsKubelet } of up().cluster.machines) {
      const complaints = await complaintsOf(up().lab, name);
      // Every kubelet has something to explain, or the search itself is wrong.
      if (runsKubelet) expect(complaints.length, name).toBeGreaterThan(0);
      all.push(...complaints);
    }
    expect(
      unexplained(all).map(({ machine, program, text }) => `${machine} ${program}: ${text.slice(0, 400)}`),
    ).toEqual([]);
  }, 240_000);

  it('has nothing at priority error in any journal: no unit says that it failed', async () => {
    for (const name of names()) {
      expect(await ask(up().lab, name, 'journalctl --quiet --no-pager --priority=err || :'), name).toBe('');
    }
  });
}
