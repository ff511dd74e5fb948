import { afterAll, beforeAll, describe } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { type ProgramLab, startLab } from './harness/program-lab.ts';
import { showMeasured } from './harness/show-measured.ts';
import { FAULTS, judgeFailover, type Outages } from './judges/failover.ts';
import { judgeForming } from './judges/forms.ts';
import { judgeQuorum } from './judges/quorum.ts';
import { judgeVip } from './judges/vip.ts';

/** With a third etcd member, and with a VIP that nobody answers ARP for: the mesh's default. */
let lab: ProgramLab;
const timeline: Record<string, number> = {};
const outages: Outages = {};

beforeAll(async () => {
  lab = await startLab(exampleText('ha-3etcd').replace('onLink: arp', 'onLink: none'));
});

afterAll(async () => {
  showMeasured('ha-3etcd', timeline, outages);
  await lab?.stop();
});

describe('examples/ha-3etcd with onLink: none', () => {
  judgeForming(() => lab, timeline);
  judgeVip(() => lab, timeline);
  judgeFailover(() => lab, [FAULTS.freezeApiServer, FAULTS.killBird], outages);
  judgeQuorum(() => lab, timeline);
});
