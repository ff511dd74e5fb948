import { afterAll, beforeAll, describe } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { edited } from '../support/edited.ts';
import { type ProgramLab, startLab } from './harness/program-lab.ts';
import { showMeasured } from './harness/show-measured.ts';
import { judgeBootstrap } from './judges/bootstraps.ts';
import { judgeComplaints } from './judges/complaints.ts';
import { FAULTS, judgeFailover, type Outages } from './judges/failover.ts';
import { judgeForming } from './judges/forms.ts';
import { judgeIdentity } from './judges/identity.ts';
import { judgeQuorum } from './judges/quorum.ts';
import { judgeProfile, judgeVip } from './judges/vip.ts';

/** etcd on the control-plane machines, the VIP by ARP; in the versions that the tools have. */
let lab: ProgramLab;
const timeline: Record<string, number> = {};
const outages: Outages = {};

beforeAll(async () => {
  const versions = ['kubernetes: 1.37.1, etcd: 3.7.2', 'kubernetes: 1.36.4, etcd: 3.6.16'] as const;
  lab = await startLab(edited(exampleText('stacked'), versions));
});

afterAll(async () => {
  showMeasured('stacked', timeline, outages);
  await lab?.stop();
});

describe('examples/stacked', () => {
  judgeProfile(() => lab, { profile: 'arp', onLink: 'arp' });
  judgeForming(() => lab, timeline);
  judgeBootstrap(() => lab);
  judgeVip(() => lab, timeline);
  judgeComplaints(() => lab);
  judgeIdentity(() => lab, 'arp');
  judgeFailover(
    () => lab,
    [
      FAULTS.killKubeVip,
      FAULTS.freezeKubeVip,
      FAULTS.killApiServer,
      FAULTS.freezeApiServer,
      FAULTS.cutLink,
      FAULTS.powerOff,
    ],
    outages,
  );
  judgeQuorum(() => lab, timeline);
});
