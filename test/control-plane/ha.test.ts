import { afterAll, beforeAll, describe } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { type ProgramLab, startLab } from './harness/program-lab.ts';
import { showMeasured } from './harness/show-measured.ts';
import { judgeBootstrap } from './judges/bootstraps.ts';
import { judgeComplaints } from './judges/complaints.ts';
import { FAULTS, judgeFailover, type Outages } from './judges/failover.ts';
import { judgeForming } from './judges/forms.ts';
import { judgeIdentity } from './judges/identity.ts';
import { judgeQuorum } from './judges/quorum.ts';
import { judgeSealing } from './judges/sealed.ts';
import { judgeSigning, judgeStorage } from './judges/storage.ts';
import { judgeProfile, judgeVip } from './judges/vip.ts';

/** The reference topology, whole. The tests build on each other, in order. */
let lab: ProgramLab;
const timeline: Record<string, number> = {};
const outages: Outages = {};

beforeAll(async () => {
  lab = await startLab(exampleText('ha'));
});

afterAll(async () => {
  showMeasured('ha', timeline, outages);
  await lab?.stop();
});

describe('examples/ha comes up', () => {
  judgeProfile(() => lab, { profile: 'bgp-mesh', onLink: 'arp' });
  judgeForming(() => lab, timeline);
  judgeSealing(() => lab);
  judgeBootstrap(() => lab);
  judgeVip(() => lab, timeline);
  judgeComplaints(() => lab);
});

describe('examples/ha knows who is who', () => {
  judgeIdentity(() => lab, 'bgp-mesh');
  judgeStorage(() => lab);
  judgeSigning(() => lab);
});

describe('examples/ha, when something fails', () => {
  judgeFailover(
    () => lab,
    [
      FAULTS.killKubeVip,
      FAULTS.killApiServer,
      FAULTS.freezeApiServer,
      FAULTS.loseEtcd,
      FAULTS.killBird,
      { ...FAULTS.cutLink, sparing: true },
      FAULTS.powerOff,
    ],
    outages,
  );
});

describe('examples/ha without one of its two etcd members', () => {
  judgeQuorum(() => lab, timeline);
});
