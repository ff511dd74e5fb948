import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { type ProgramLab, startLab } from './harness/program-lab.ts';
import { showMeasured } from './harness/show-measured.ts';
import { judgeBootstrap } from './judges/bootstraps.ts';
import { judgeComplaints } from './judges/complaints.ts';
import { judgeForming } from './judges/forms.ts';

/** One machine that is everything. */
let lab: ProgramLab;
const timeline: Record<string, number> = {};

beforeAll(async () => {
  lab = await startLab(exampleText('single'));
});

afterAll(async () => {
  showMeasured('single', timeline, {});
  await lab?.stop();
});

describe('examples/single', () => {
  judgeForming(() => lab, timeline);
  judgeBootstrap(() => lab);
  judgeComplaints(() => lab);

  it('comes back by itself after a power cut', async () => {
    await lab.kubectl('create configmap before-the-cut');
    await lab.powerOff('node-1');
    await lab.powerOn('node-1');
    const startMs = performance.now();
    await expect
      .poll(() => lab.kubectl('get configmap before-the-cut -o name').catch(String), { timeout: 120_000 })
      .toBe('configmap/before-the-cut');
    timeline['API after a power cut'] = Math.round((performance.now() - startMs) / 100) / 10;
  });
});
