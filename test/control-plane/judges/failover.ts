import { availableParallelism, loadavg } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, machinesOf } from '../../../lib/model/cluster.ts';
import { type Failover, vipReachability } from '../../../lib/model/reachability.ts';
import { type Prober, startProber } from '../harness/prober.ts';
import { eventually, NEIGHBOUR, OUTSIDE_CLIENT, type ProgramLab } from '../harness/program-lab.ts';
import { allInService, servers, vipOf } from './vip.ts';

/** What the measuring itself adds to any time. */
const SLACK_MS = 1500;

/** Promises are for machines that have their processors to themselves: this one carries a rack, and perhaps other work. */
function stretch(): number {
  const [load = 0] = loadavg();
  return Math.max(1, load / (4 * availableParallelism()));
}

/** What happens to a machine; `undo` brings it back. */
export interface Fault {
  readonly name: string;
  /** Which of the promises it falls under. */
  readonly promise: keyof Failover;
  /** False: nothing is withdrawn by it, or only for an instant. */
  readonly withdraws: boolean;
  readonly strike: (lab: ProgramLab, machine: string) => Promise<void> | void;
  readonly undo?: (lab: ProgramLab, machine: string) => Promise<void> | void;
}

export const FAULTS = {
  killKubeVip: {
    name: 'kube-vip is killed',
    promise: 'apiServer',
    withdraws: false,
    strike: (lab, machine) => lab.programs.program(machine, 'kube-vip').signal('SIGKILL'),
  },
  freezeKubeVip: {
    name: 'kube-vip freezes',
    promise: 'apiServer',
    withdraws: true,
    strike: (lab, machine) => lab.programs.program(machine, 'kube-vip').signal('SIGSTOP'),
    undo: (lab, machine) => lab.programs.program(machine, 'kube-vip').signal('SIGCONT'),
  },
  killApiServer: {
    name: 'an API server is killed',
    promise: 'apiServer',
    withdraws: false,
    strike: (lab, machine) => lab.programs.program(machine, 'kube-apiserver').signal('SIGKILL'),
  },
  freezeApiServer: {
    name: 'an API server freezes',
    promise: 'apiServer',
    withdraws: true,
    strike: (lab, machine) => lab.programs.program(machine, 'kube-apiserver').signal('SIGSTOP'),
    undo: (lab, machine) => lab.programs.program(machine, 'kube-apiserver').signal('SIGCONT'),
  },
  loseEtcd: {
    name: 'an API server loses etcd',
    promise: 'apiServer',
    withdraws: true,
    strike: async (lab, machine) => await etcdRoutes(lab, machine, 'add'),
    undo: async (lab, machine) => await etcdRoutes(lab, machine, 'del'),
  },
  powerOff: {
    name: 'a machine loses its power',
    promise: 'machine',
    withdraws: true,
    strike: async (lab, machine) => await lab.powerOff(machine),
    undo: async (lab, machine) => await lab.powerOn(machine),
  },
  cutLink: {
    name: 'a link is cut',
    promise: 'machine',
    withdraws: true,
    strike: async (lab, machine) => await lab.sandbox.cable(machine, 'cut'),
    undo: async (lab, machine) => await lab.sandbox.cable(machine, 'mend'),
  },
  killBird: {
    name: 'BIRD is killed',
    promise: 'apiServer',
    withdraws: false,
    strike: (lab, machine) => lab.programs.program(machine, 'bird.service').signal('SIGKILL'),
  },
} satisfies Record<string, Fault>;

async function etcdRoutes(lab: ProgramLab, machine: string, verb: 'add' | 'del'): Promise<void> {
  const members = lab.built.plan.machines.filter(({ machine: { runsEtcd } }) => runsEtcd);
  for (const { network } of members) await lab.ask(machine, `ip route ${verb} blackhole ${network.address}/32`);
}

/** Milliseconds that each client went without an answer, by fault. */
export type Outages = Record<string, Record<string, number>>;

/**
 * Strikes one control-plane machine after the other and measures how long each kind of client goes without an answer.
 *
 * The machine is the one that the neighbour on the link speaks to, so that it is hit too, or with `sparing` another.
 */
export function judgeFailover(
  lab: () => ProgramLab,
  faults: readonly (Fault & { readonly sparing?: boolean })[],
  outages: Outages,
): void {
  const cluster = (): Cluster => lab().built.plan.cluster;
  const probers: Prober[] = [];
  const promises = (): ReadonlyMap<string, Failover> => promisesOf(cluster());

  beforeAll(async () => {
    const { address } = vipOf(cluster());
    const target = `${address}:${cluster().controlPlane.port}`;
    for (const client of promises().keys()) probers.push(await startProber(lab().sandbox, client, target));
    const [, balanced] = machinesOf(cluster(), 'worker');
    if (balanced !== undefined) {
      probers.push({ ...(await startProber(lab().sandbox, balanced.name, '127.0.0.1:7445')), name: 'balancer' });
    }
  });

  afterAll(() => {
    for (const prober of probers) prober.stop();
  });

  for (const fault of faults) {
    it(`${fault.name}: every client is served again in the promised time`, async () => {
      await allInService(lab());
      const victim = await chooseVictim(lab(), fault.sparing === true);
      const measured: Record<string, number> = {};
      const strikeMs = Date.now();
      await fault.strike(lab(), victim);
      try {
        const withdrawn = fault.withdraws
          ? eventually('withdrawn', 30_000, async () => !(await servers(lab())).includes(victim)).then(
              () => Date.now() - strikeMs,
            )
          : Promise.resolve(undefined);
        await Promise.all(
          probers.map(async (prober) => {
            measured[prober.name] = await prober.outage(strikeMs, 75_000);
          }),
        );
        const routeMs = await withdrawn;
        if (routeMs !== undefined) measured['route withdrawn'] = routeMs;
      } finally {
        outages[fault.name] = measured;
        await fault.undo?.(lab(), victim);
      }
      const limits = Object.fromEntries(
        probers.map(({ name }) => [name, longest(promises().get(name)?.[fault.promise] ?? '9 s')]),
      );
      const late = Object.entries(limits).filter(
        ([name, limit]) => (measured[name] ?? 0) > limit * stretch() + SLACK_MS,
      );
      expect(late, JSON.stringify({ victim, measured, limits, load: loadavg()[0] })).toEqual([]);
    });
  }
}

/** The clients that reach the VIP at all, and what `keelway validate` promises them. */
function promisesOf(cluster: Cluster): ReadonlyMap<string, Failover> {
  const promises = new Map<string, Failover>();
  for (const { from, failover } of vipReachability(cluster)) {
    if (failover === null) continue;
    if (from === 'hosts elsewhere') promises.set(OUTSIDE_CLIENT, failover);
    if (from.endsWith('hosts without a route')) promises.set(NEIGHBOUR, failover);
    const [worker] = machinesOf(cluster, 'worker');
    if (from === 'workers' && worker !== undefined) promises.set(worker.name, failover);
  }
  return promises;
}

/** `4 to 10 s` is at most 10000, `up to 1 min` 60000. */
function longest(promise: string): number {
  const [, amount, unit] = /(\d+) (s|min)$/.exec(promise) ?? [];
  if (amount === undefined) throw new Error(`no time in ${promise}`);
  return Number(amount) * (unit === 'min' ? 60_000 : 1000);
}

async function chooseVictim(lab: ProgramLab, sparing: boolean): Promise<string> {
  const { cluster } = lab.built.plan;
  const { address } = vipOf(cluster);
  const { stdout } = await lab.shell(NEIGHBOUR, `ip neigh show ${address}`);
  const masters = machinesOf(cluster, 'control-plane');
  const heard = masters.find(({ macs: [mac] }) => mac !== undefined && stdout.includes(mac))?.name;
  const names = masters.map(({ name }) => name);
  return (sparing ? names.find((name) => name !== heard) : (heard ?? names.at(-1))) ?? '';
}
