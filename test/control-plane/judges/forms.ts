import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { LabProgram } from '../../../lib/lab/programs/lab-program.ts';
import { type Cluster, etcdMembers, machinesOf } from '../../../lib/model/cluster.ts';
import { GRACE_MS } from '../../support/explained-errors.ts';
import { eventually, type ProgramLab } from '../harness/program-lab.ts';

/** What every cluster does by itself after its machines were switched on. */
export function judgeForming(lab: () => ProgramLab, timeline: Record<string, number>): void {
  const cluster = (): Cluster => lab().built.plan.cluster;
  const names = (): string[] => machinesOf(cluster(), 'control-plane').map(({ name }) => name);

  it('forms etcd of all its members', async () => {
    const members = etcdMembers(cluster());
    const [first] = members;
    const health = await eventually('etcd healthy', 120_000, async () => {
      const text = await lab().ask(first?.name ?? '', `${ETCDCTL} endpoint health --cluster --write-out=json`);
      const found = JSON.parse(text) as { endpoint: string; health: boolean }[];
      return found.length === members.length && found;
    });
    timeline['etcd quorum'] ??= lab().seconds();
    expect(health.map(({ endpoint }) => endpoint).sort()).toEqual(
      members.map(({ address }) => `https://${address}:2379`).sort(),
    );
    expect(health.every((each) => each.health)).toBe(true);
    await eventually('members marked as formed', 30_000, async () => {
      for (const { name } of members) {
        const marker = await lab().ask(name, `cat ${cluster().etcd.dataDirectory}/keelway-member`);
        if (!marker.includes('state=formed')) return false;
      }
      return true;
    });
  });

  it('gets every API server ready', async () => {
    await eventually('every API server ready', 180_000, async () => {
      const answers = await Promise.all(names().map((name) => status(lab(), name, '/readyz')));
      return answers.every((answer) => answer === '200');
    });
    lab().reached('API ready');
    timeline['API ready'] ??= lab().seconds();
  });

  it('has one leader each for controller-manager and scheduler', async () => {
    const judgeLeader = async (program: string): Promise<void> => {
      await eventually(`one leader of ${program}`, 90_000, async () => {
        const before = await leaseOf(lab(), program);
        await sleep(LOOK_AGAIN_MS);
        const after = await leaseOf(lab(), program);
        expect(after.holderIdentity).toBe(before.holderIdentity);
        expect(Date.parse(after.renewTime)).toBeGreaterThan(Date.parse(before.renewTime));
        expect(names().filter((name) => leads(lab(), name, program))).toEqual([after.holderIdentity.split('_')[0]]);
        return true;
      });
    };
    await Promise.all(['kube-controller-manager', 'kube-scheduler'].map(judgeLeader));
  });

  it('needs no restart of any program, and none fails', async () => {
    const isWell = (state: string): boolean => ['running', 'done'].includes(state);
    await eventually('every program running', 90_000, async () =>
      programs(lab()).every(({ program }) => isWell(program.state()) || program.name === BOOTSTRAP),
    );
    lab().reached('up');
    const restarted = programs(lab()).filter(({ program }) => program.restarts() > 0);
    expect(
      restarted
        .filter(({ machine, program }) => !gaveUpOnce(lab(), machine, program))
        .map(({ machine, program }) => `${machine} ${program.name}: ${program.restarts()}`),
    ).toEqual([]);
  });
}

/** Leaders renew their lease every two seconds. */
const LOOK_AGAIN_MS = 4000;
const BOOTSTRAP = 'keelway-bootstrap.service';

interface ProgramOf {
  readonly machine: string;
  readonly program: LabProgram;
}

function programs(lab: ProgramLab): readonly ProgramOf[] {
  return lab.programs.machines.flatMap(({ name, programs }) => programs.map((program) => ({ machine: name, program })));
}

/**
 * A controller-manager gives up after ten seconds of an API server that is slow to start, and is right then. Once, and not
 * when its API server was ready.
 */
function gaveUpOnce(lab: ProgramLab, machine: string, program: LabProgram): boolean {
  const gaveUp = lab.logs
    .lines(machine, program.name)
    .filter(({ text }) => text.includes('failed to wait for apiserver being healthy'));
  const [first] = gaveUp;
  return (
    program.name === 'kube-controller-manager' &&
    program.restarts() === 1 &&
    first !== undefined &&
    first.atMs < lab.startTimes().apiReadyMs + GRACE_MS
  );
}

async function leaseOf(lab: ProgramLab, name: string): Promise<{ holderIdentity: string; renewTime: string }> {
  return JSON.parse(await lab.kubectl(`get lease ${name} -n kube-system -o jsonpath='{.spec}'`));
}

/** True when the present process of the program has taken the lease; it ends when it loses it. */
function leads(lab: ProgramLab, machine: string, program: string): boolean {
  const lines = lab.logs.lines(machine, program);
  const lived = lines.slice(lines.findLastIndex(({ text }) => text.startsWith(`keelway-lab: ${program} ended`)) + 1);
  return lived.some(({ text }) => text.includes('Successfully acquired lease'));
}

export const ETCDCTL = 'set -a; . /etc/etcd/etcdctl.env; set +a; etcdctl';

/** HTTP status of an unauthenticated request to the machine's own API server; 000 when there is no answer. */
export async function status(lab: ProgramLab, machine: string, path: string): Promise<string> {
  const port = lab.built.plan.cluster.controlPlane.port;
  const { stdout } = await lab.shell(
    machine,
    `curl -s --cacert /root/ca.crt --max-time 5 -o /dev/null -w '%{http_code}' https://127.0.0.1:${port}${path} || :`,
  );
  return stdout.trim();
}
