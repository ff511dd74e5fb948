/** Three etcd members from their rendered units: the loss of one, a late one, a wiped one that is replaced. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from '../../lib/model/cluster.ts';
import { type EtcdCluster, etcdCluster } from '../harness/etcd-cluster.ts';
import { installPlan, unitText } from '../harness/install-plan.ts';
import { planForReal } from '../harness/plan-for-real.ts';
import { type SandboxUnit, startUnit } from '../harness/sandbox-unit.ts';
import { exampleCluster } from '../support/clusters.ts';

const DATA = '/var/lib/etcd';
const POLL = { timeout: 15_000, interval: 250 };

let cluster: Cluster;
let etcd: EtcdCluster;
let units: SandboxUnit[];

beforeAll(async () => {
  cluster = exampleCluster('ha-3etcd');
  etcd = await etcdCluster(cluster);
});
afterAll(async () => await etcd?.stop());

it('the first start needs all three in sight; one that stumbles then joins late', async () => {
  const [first, second] = await Promise.all([etcd.start('etcd-1'), etcd.start('etcd-2')]);
  await sleep(3000);
  expect((await etcd.shell('etcd-1', `ls -A ${DATA}`)).stdout).toBe('');

  // The third shows itself and loses power before it starts: its guard looks around more slowly than the others'.
  const pause = '/usr/local/bin/sleep';
  await etcd.shell('etcd-3', `printf '#!/bin/sh\\nexec /usr/bin/sleep 30\\n' >${pause} && chmod 0755 ${pause}`);
  const third = await etcd.start('etcd-3');
  await Promise.all([
    first.main.waitFor(/"starting an etcd server"/),
    second.main.waitFor(/"starting an etcd server"/),
  ]);
  third.main.signal('SIGKILL');
  await third.ended();
  await etcd.shell('etcd-3', `rm ${pause}`);
  expect((await etcd.shell('etcd-3', `ls -A ${DATA}`)).stdout).toBe('');
  await Promise.all([first.ready(), second.ready()]);
  expect((await etcd.etcdctl('etcd-1', 'put early 1')).stdout).toBe('OK\n');

  const late = await etcd.start('etcd-3');
  await late.ready();
  units = [first, second, late];
  expect((await etcd.etcdctl('etcd-3', 'get early --print-value-only --consistency=s')).stdout).toBe('1\n');
  expect((await etcd.etcdctl('etcd-1', 'endpoint health --cluster')).exitCode).toBe(0);
});

it('two go on while one is killed, and its data returns', async () => {
  units[2]?.main.signal('SIGKILL');
  await units[2]?.ended();
  expect((await etcd.etcdctl('etcd-1', 'put while-down 2')).stdout).toBe('OK\n');
  units[2] = await etcd.start('etcd-3');
  await units[2].ready();
  const { stdout } = await etcd.etcdctl('etcd-3', 'get while-down --print-value-only --consistency=s');
  expect(stdout).toBe('2\n');
});

it('a wiped one is refused, until it is removed and added again', async () => {
  await units[2]?.stop();
  await etcd.shell('etcd-3', `find ${DATA} -mindepth 1 -delete`);
  expect(await (await etcd.start('etcd-3')).ended()).toBe(78);

  // The seed for the replacement: the same identity, joining only.
  const existing = { ...cluster, etcd: { ...cluster.etcd, initialClusterState: 'existing' as const } };
  const plan = (await planForReal(existing, { secrets: etcd.plan.secrets })).machine('etcd-3');
  await installPlan(etcd.sandbox, plan);
  const start = () =>
    startUnit(etcd.sandbox, 'etcd-3', unitText(plan, 'etcd.service'), { KEELWAY_DATA_MOUNT_CHECK: 'skip' });
  const tooEarly = await start();
  expect(await tooEarly.ended()).toBe(78);
  expect(tooEarly.main.output()).toMatch(/etcd-1 knows etcd-3 as a member that has run: its data is lost/);

  const list = (await etcd.etcdctl('etcd-1', 'member list')).stdout;
  const id = /^([0-9a-f]+), started, etcd-3/m.exec(list)?.[1];
  expect((await etcd.etcdctl('etcd-1', `member remove ${id}`)).exitCode).toBe(0);
  const waiting = await start();
  await waiting.main.waitFor(/waiting: no member of the running cluster lists https:\/\/10\.0\.0\.23:2380/);
  // etcd wants five seconds of health before it lets the membership change.
  const add = 'member add etcd-3 --peer-urls=https://10.0.0.23:2380 --learner';
  await expect
    .poll(async () => (await etcd.etcdctl('etcd-1', add)).stdout, POLL)
    .toContain('added as learner to cluster');
  // The same process goes on by itself.
  await waiting.ready();
  units[2] = waiting;
  const learner = /^([0-9a-f]+), started, etcd-3.*true$/m.exec(
    (await etcd.etcdctl('etcd-1', 'member list')).stdout,
  )?.[1];
  await expect.poll(async () => (await etcd.etcdctl('etcd-1', `member promote ${learner}`)).exitCode, POLL).toBe(0);
  expect((await etcd.etcdctl('etcd-3', 'get early --print-value-only')).stdout).toBe('1\n');
  expect((await etcd.shell('etcd-3', `cat ${DATA}/keelway-member`)).stdout).toContain('state=formed');
});

it('starts with data that belongs to an account of an OS that was there before', async () => {
  await units[2]?.stop();
  await etcd.shell('etcd-3', `chown -R 990:990 ${DATA}`);
  const again = await etcd.start('etcd-3');
  await again.ready();
  units = [...units.slice(0, 2), again];
  expect((await etcd.etcdctl('etcd-3', 'get early --print-value-only')).stdout).toBe('1\n');
  expect((await etcd.shell('etcd-3', `find ${DATA} ! -user etcd`)).stdout).toBe('');
});

it('takes a verified snapshot, and keeps four', async () => {
  await etcd.shell(
    'etcd-1',
    `install -d -o etcd ${DATA}/keelway-snapshots && cd ${DATA}/keelway-snapshots && touch 20260101T000000Z.db 20260102T000000Z.db 20260103T000000Z.db 20260104T000000Z.db old.db.part`,
  );
  const env = { ...(await environmentOf('etcd-1')) };
  const { exitCode, stderr } = await etcd.sandbox.run('etcd-1', ['/bin/sh', '/etc/keelway/bin/etcd-snapshot'], {
    user: 'etcd',
    env,
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  const names = (await etcd.shell('etcd-1', `ls ${DATA}/keelway-snapshots`)).stdout.trim().split('\n');
  expect(names).toHaveLength(4);
  expect(names).not.toContain('20260101T000000Z.db');
  const newest = `${DATA}/keelway-snapshots/${names.at(-1)}`;
  const restore = `etcdutl snapshot restore ${newest} --data-dir /tmp/restored --name etcd-1 --initial-cluster etcd-1=https://10.0.0.21:2380 --initial-advertise-peer-urls https://10.0.0.21:2380`;
  expect((await etcd.shell('etcd-1', restore)).exitCode).toBe(0);
});

async function environmentOf(member: string): Promise<Record<string, string>> {
  const { stdout } = await etcd.shell(member, 'cat /etc/etcd/etcdctl.env');
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
