import { afterAll, beforeAll, describe } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { type ProgramLab, startLab } from './harness/program-lab.ts';
import { showMeasured } from './harness/show-measured.ts';
import { judgeBootstrap } from './judges/bootstraps.ts';
import { FAULTS, judgeFailover, type Outages } from './judges/failover.ts';
import { judgeForming } from './judges/forms.ts';
import { judgeIdentity } from './judges/identity.ts';
import { judgeQuorum } from './judges/quorum.ts';
import { judgeVip } from './judges/vip.ts';

/** etcd on the control-plane machines, the VIP by ARP; in the versions that the tools have, and with Keelway's own OS. */
let lab: ProgramLab;
const timeline: Record<string, number> = {};
const outages: Outages = {};

beforeAll(async () => {
  const text = exampleText('stacked')
    .replace('kubernetes: 1.37.1, etcd: 3.7.2', 'kubernetes: 1.36.4, etcd: 3.6.16')
    .replace('os: ubuntu', 'os: debian');
  lab = await startLab(text);
});

afterAll(async () => {
  showMeasured('stacked', timeline, outages);
  await lab?.stop();
});

describe('examples/stacked', () => {
  judgeForming(() => lab, timeline);
  judgeBootstrap(() => lab);
  judgeIdentity(() => lab, 'arp');
  judgeVip(() => lab, timeline);
  judgeFailover(
    () => lab,
    [FAULTS.killKubeVip, FAULTS.freezeKubeVip, FAULTS.freezeApiServer, FAULTS.cutLink, FAULTS.powerOff],
    outages,
  );
  judgeQuorum(() => lab, timeline);
});
