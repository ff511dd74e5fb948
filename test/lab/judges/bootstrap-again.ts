import { expect, it } from 'vitest';
import { controlPlaneNodeLabels } from '../../../lib/components/bootstrap.ts';
import type { TestLab } from '../test-lab.ts';
import { ask, eventually, listed } from './ask.ts';

interface Node {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Readonly<Record<string, string>> };
}

/** The bootstrap unit after the first time. */
export function judgeBootstrapAgain(up: () => TestLab): void {
  const node = async (name: string): Promise<Node | undefined> =>
    (await listed<Node>(up().lab, 'nodes')).find(({ metadata }) => metadata.name === name);

  it('looks again every ten minutes', async () => {
    const { lab } = up();
    for (const name of ['cp-1', 'cp-2', 'cp-3']) {
      const timers = await ask(lab, name, 'systemctl list-timers --output=json keelway-bootstrap.timer');
      const [timer] = JSON.parse(timers) as { next: number }[];
      const inSeconds = (timer?.next ?? 0) / 1e6 - Date.now() / 1000;
      expect(inSeconds, name).toBeGreaterThan(0);
      expect(inSeconds, name).toBeLessThanOrEqual(600);
    }
  });

  it('gives a node that was deleted and registers anew its role, when its timer elapses', async () => {
    const { lab, cluster } = up();
    const before = await node('cp-3');
    await lab.kubectl(['delete', 'node', 'cp-3', '--wait=true']);
    await ask(lab, 'cp-3', 'systemctl restart kubelet', { timeoutMs: 120_000 });
    const after = await eventually('registered', 60_000, async () => (await node('cp-3')) ?? false);
    expect(after.metadata.uid).not.toBe(before?.metadata.uid);
    // The timer runs at its start, then every ten minutes.
    await ask(lab, 'cp-3', 'systemctl restart keelway-bootstrap.timer');
    await eventually('labelled', 60_000, async () => {
      const labels = (await node('cp-3'))?.metadata.labels ?? {};
      return controlPlaneNodeLabels(cluster).every((label) => label in labels);
    });
    await eventually('bootstrap done', 60_000, async () => {
      const state = await ask(lab, 'cp-3', 'systemctl show --property=ActiveState,Result keelway-bootstrap.service');
      return state.includes('Result=success') && state.includes('ActiveState=inactive');
    });
    expect(await ask(lab, 'cp-3', 'find /run/keelway/bootstrap')).not.toContain('credential');
    await up().waitUntilUp(120_000);
  }, 600_000);
}
