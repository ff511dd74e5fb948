/** From two members to three by the steps of docs/etcd.md, with what is rendered before, during and after. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EtcdCluster, etcdCluster } from '../harness/etcd-cluster.ts';
import { installPlan, unitText } from '../harness/install-plan.ts';
import { planForReal, type RealPlan } from '../harness/plan-for-real.ts';
import { type SandboxUnit, startUnit } from '../harness/sandbox-unit.ts';
import { clusterOf, exampleText } from '../support/clusters.ts';

const POLL = { timeout: 30_000, interval: 250 };
const two = exampleText('ha');
const THIRD =
  '    - {name: etcd-3, role: etcd, address: 10.0.0.23, mac: 52:54:00:0a:00:17, dataDisk: {serial: ETCD3}}\n';
const three = two.replace(/ {4}acceptNoFaultTolerance.*\n/, '').replace(/( {4}- \{name: etcd-2.*\n)/, `$1${THIRD}`);
const joining = three.replace('  etcd:\n', '  etcd:\n    joining: etcd-3\n');

let etcd: EtcdCluster;
let before: RealPlan;
let during: RealPlan;
let after: RealPlan;
const units = new Map<string, SandboxUnit>();

beforeAll(async () => {
  // The machines of the end, with the configuration of the beginning.
  etcd = await etcdCluster(clusterOf(three));
  const plan = async (text: string): Promise<RealPlan> =>
    await planForReal(clusterOf(text), { secrets: etcd.plan.secrets });
  [before, during, after] = await Promise.all([plan(two), plan(joining), plan(three)]);
  for (const name of ['etcd-1', 'etcd-2']) await installPlan(etcd.sandbox, before.machine(name));
  await Promise.all([boot('etcd-1', before), boot('etcd-2', before)]);
  await Promise.all([...units.values()].map((unit) => unit.ready()));
  expect((await etcd.etcdctl('etcd-1', 'put kept 1')).stdout).toBe('OK\n');
});
afterAll(async () => await etcd?.stop());

it('keeps the learner from the API servers, whose configuration stays the same until it votes', () => {
  const servers = (plan: RealPlan): string =>
    plan
      .machine('cp-1')
      .files.find(({ path }) => path.endsWith('/kube-apiserver.yaml'))
      ?.contents.toString() ?? '';
  expect(servers(during)).toContain('--etcd-servers=https://10.0.0.21:2379,https://10.0.0.22:2379"');
  expect(servers(during)).toBe(servers(before));
  expect(servers(after)).toContain('https://10.0.0.22:2379,https://10.0.0.23:2379"');
});

it('a new member that comes first waits, and says what the others lack', async () => {
  const third = await boot('etcd-3', during);
  await third.main.waitFor(
    /waiting: no member .* lists https:\/\/10\.0\.0\.23:2380 .* etcd-1 \(silent\) etcd-2 \(silent\)/,
  );
  await third.main.waitFor(/the running members need the configuration that names etcd-3 first/);
});

it('the others are booted with the new configuration, one after the other, and keep their data', async () => {
  for (const name of ['etcd-1', 'etcd-2']) {
    await units.get(name)?.stop();
    await (await boot(name, during)).ready();
    await expect.poll(() => health(name), POLL).toBe(0);
  }
  expect((await etcd.etcdctl('etcd-2', 'get kept --print-value-only')).stdout).toBe('1\n');
});

it('it joins as a learner when it is added, by itself, and votes when it is promoted', async () => {
  const add = 'member add etcd-3 --peer-urls=https://10.0.0.23:2380 --learner';
  // etcd wants five seconds of health before it lets the membership change.
  await expect.poll(async () => (await etcd.etcdctl('etcd-1', add)).stdout, POLL).toContain('added as learner');
  await units.get('etcd-3')?.ready(30_000);
  const list = async (): Promise<string> => (await etcd.etcdctl('etcd-1', 'member list')).stdout;
  const learner = /^([0-9a-f]+), started, etcd-3, .*true$/m.exec(await list())?.[1];
  await expect.poll(async () => (await etcd.etcdctl('etcd-1', `member promote ${learner}`)).exitCode, POLL).toBe(0);
  expect(await list()).not.toMatch(/true$/m);
  expect((await etcd.etcdctl('etcd-1', 'endpoint health --cluster')).exitCode).toBe(0);
});

it('then the loss of one is no loss, and the last build starts every member as it is', async () => {
  await units.get('etcd-1')?.stop('SIGKILL');
  // It may have been the leader: what is written before the election is lost with it.
  await expect.poll(async () => (await etcd.etcdctl('etcd-3', 'put later 2')).stdout, POLL).toBe('OK\n');
  for (const name of ['etcd-1', 'etcd-2', 'etcd-3']) {
    if (name !== 'etcd-1') await units.get(name)?.stop();
    await (await boot(name, after)).ready();
    await expect.poll(() => health(name), POLL).toBe(0);
  }
  expect((await etcd.etcdctl('etcd-1', 'get later --print-value-only')).stdout).toBe('2\n');
});

async function boot(name: string, plan: RealPlan): Promise<SandboxUnit> {
  await installPlan(etcd.sandbox, plan.machine(name));
  const unit = await startUnit(etcd.sandbox, name, unitText(plan.machine(name), 'etcd.service'), {
    KEELWAY_DATA_MOUNT_CHECK: 'skip',
  });
  units.set(name, unit);
  return unit;
}

async function health(name: string): Promise<number> {
  return (await etcd.etcdctl(name, 'endpoint health')).exitCode;
}
