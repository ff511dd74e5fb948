/** Three etcd members of which one is much faster than the others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EtcdCluster, etcdCluster } from '../harness/etcd-cluster.ts';
import { exampleCluster } from '../support/clusters.ts';

let etcd: EtcdCluster;

beforeAll(async () => {
  etcd = await etcdCluster(exampleCluster('ha-3etcd'));
});
afterAll(async () => await etcd?.stop());

it('the slower ones still see each other while the fast one, already etcd, knocks at their doors', async () => {
  const slow = await Promise.all([etcd.start('etcd-2'), etcd.start('etcd-3')]);
  await sleep(2500);
  const fast = await etcd.start('etcd-1');
  for (const { main } of slow) main.signal('SIGSTOP');
  await fast.main.waitFor(/"starting an etcd server"/);
  await sleep(5000);
  for (const { main } of slow) main.signal('SIGCONT');
  await Promise.all([fast, ...slow].map((unit) => unit.ready(30_000)));
  expect((await etcd.etcdctl('etcd-1', 'endpoint health --cluster')).exitCode).toBe(0);
});
