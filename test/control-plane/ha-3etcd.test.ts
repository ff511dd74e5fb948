import { afterAll, beforeAll, describe } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { edited } from '../support/edited.ts';
import { type ProgramLab, startLab } from './harness/program-lab.ts';
import { showMeasured } from './harness/show-measured.ts';
import { judgeComplaints } from './judges/complaints.ts';
import { FAULTS, judgeFailover, type Outages } from './judges/failover.ts';
import { judgeForming } from './judges/forms.ts';
import { judgeQuorum } from './judges/quorum.ts';
import { judgeProfile, judgeVip } from './judges/vip.ts';

/** With a third etcd member, and with a VIP that nobody answers ARP for: the mesh's default. */
let lab: ProgramLab;
const timeline: Record<string, number> = {};
const outages: Outages = {};

beforeAll(async () => {
  lab = await startLab(edited(exampleText('ha-3etcd'), ['onLink: arp', 'onLink: none']));
});

afterAll(async () => {
  showMeasured('ha-3etcd', timeline, outages);
  await lab?.stop();
});

describe('examples/ha-3etcd with onLink: none', () => {
  judgeProfile(() => lab, { profile: 'bgp-mesh', onLink: 'none' });
  judgeForming(() => lab, timeline);
  judgeVip(() => lab, timeline);
  judgeComplaints(() => lab);
  judgeFailover(
    () => lab,
    [
      FAULTS.killKubeVip,
      FAULTS.killApiServer,
      FAULTS.freezeApiServer,
      FAULTS.killBird,
      FAULTS.cutLink,
      FAULTS.powerOff,
    ],
    outages,
  );
  judgeQuorum(() => lab, timeline);
});
