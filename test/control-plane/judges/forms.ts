import { expect, it } from 'vitest';
import { type Cluster, etcdMembers, machinesOf } from '../../../lib/model/cluster.ts';
import { unexplainedComplaints } from '../harness/complaints.ts';
import { eventually, type ProgramLab } from '../harness/program-lab.ts';

/** What every cluster does by itself after its machines were switched on. */
export function judgeForming(lab: () => ProgramLab, timeline: Record<string, number>): void {
  const cluster = (): Cluster => lab().built.plan.cluster;
  const names = (): string[] => machinesOf(cluster(), 'control-plane').map(({ name }) => name);

  it('forms etcd of all its members', async () => {
    const members = etcdMembers(cluster());
    const [first] = members;
    const health = await eventually('etcd healthy', 60_000, async () => {
      const text = await lab().ask(first?.name ?? '', `${ETCDCTL} endpoint health --cluster --write-out=json`);
      const found = JSON.parse(text) as { endpoint: string; health: boolean }[];
      return found.length === members.length && found;
    });
    timeline['etcd quorum'] ??= lab().seconds();
    expect(health.map(({ endpoint }) => endpoint).sort()).toEqual(
      members.map(({ address }) => `https://${address}:2379`).sort(),
    );
    expect(health.every((each) => each.health)).toBe(true);
    await eventually('members marked as formed', 10_000, async () => {
      for (const { name } of members) {
        const marker = await lab().ask(name, `cat ${cluster().etcd.dataDirectory}/keelway-member`);
        if (!marker.includes('state=formed')) return false;
      }
      return true;
    });
  });

  it('gets every API server ready', async () => {
    for (const name of names()) {
      await eventually(`${name} ready`, 90_000, async () => (await status(lab(), name, '/readyz')) === '200');
    }
    timeline['API ready'] ??= lab().seconds();
  });

  it('has one leader each for controller-manager and scheduler', async () => {
    for (const lease of ['kube-controller-manager', 'kube-scheduler']) {
      const holder = await eventually(`a leader of ${lease}`, 60_000, async () => {
        const [text] = await lab().etcdValues(`/registry/leases/kube-system/${lease}`);
        return /(\S+?)_[0-9a-f-]{36}/.exec(text ?? '')?.[1]?.replace(/^.*?(?=[a-z])/s, '');
      });
      const leaders = names().filter((name) =>
        /Successfully acquired lease/.test(lab().programs.program(name, lease).log()),
      );
      expect(leaders).toHaveLength(1);
      expect(holder).toContain(leaders[0]);
    }
  });

  it('needs no restart of any program, and none fails', async () => {
    const isWell = (state: string): boolean => ['running', 'done'].includes(state);
    await eventually('every program running', 40_000, async () =>
      states(lab()).every(({ state, program }) => isWell(state) || program.endsWith(BOOTSTRAP)),
    );
    const restarted = states(lab()).filter(({ restarts, log }) => restarts > 0 && !SLOW_API_SERVER.test(log));
    expect(restarted.map(({ program, restarts }) => `${program}: ${restarts}`)).toEqual([]);
  });

  it('complains about nothing that is not explained', () => {
    expect(unexplainedComplaints(lab().programs)).toEqual([]);
  });
}

/** It gives up after ten seconds of an API server that is slow to start, on a loaded machine. */
const SLOW_API_SERVER = /failed to wait for apiserver being healthy/;
const BOOTSTRAP = 'keelway-bootstrap.service';

function states(lab: ProgramLab): { program: string; state: string; restarts: number; log: string }[] {
  return lab.programs.machines.flatMap(({ name, programs }) =>
    programs.map((program) => ({
      program: `${name} ${program.name}`,
      state: program.state(),
      restarts: program.restarts(),
      log: program.log(),
    })),
  );
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
