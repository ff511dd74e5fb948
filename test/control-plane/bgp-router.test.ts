import { afterAll, beforeAll, describe } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { edited } from '../support/edited.ts';
import { type ProgramLab, startLab } from './harness/program-lab.ts';
import { showMeasured } from './harness/show-measured.ts';
import { FAULTS, judgeFailover, type Outages } from './judges/failover.ts';
import { judgeProfile, judgeVip } from './judges/vip.ts';

/** The reference topology with kube-vip speaking BGP to the gateway, and no mesh. */
let lab: ProgramLab;
const timeline: Record<string, number> = {};
const outages: Outages = {};

beforeAll(async () => {
  const text = edited(
    exampleText('ha'),
    ['profile: bgp-mesh', 'profile: bgp-router'],
    ['onLink: arp', 'onLink: none'],
    [', workers: true', ''],
  );
  // What the VIP does not need is judged elsewhere.
  lab = await startLab(text, {
    leaveOut: ['kube-controller-manager', 'kube-scheduler', 'keelway-bootstrap.service'],
  });
});

afterAll(async () => {
  showMeasured('bgp-router', timeline, outages);
  await lab?.stop();
});

describe('examples/ha with profile bgp-router', () => {
  judgeProfile(() => lab, { profile: 'bgp-router', onLink: 'none' });
  judgeVip(() => lab, timeline);
  judgeFailover(
    () => lab,
    [FAULTS.killKubeVip, FAULTS.killApiServer, FAULTS.freezeApiServer, FAULTS.cutLink, FAULTS.powerOff],
    outages,
  );
});
