/** Data whose owner has another number than etcd's account: of an OS that was there before, or restored by root. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { etcdFlags } from '../../../lib/components/etcd-flags.ts';
import { ETCD_GUARD, MEMBER_MARKER } from '../../../lib/components/etcd-guard.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { installPlan } from '../../harness/install-plan.ts';
import { planForReal } from '../../harness/plan-for-real.ts';
import { createSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { exampleCluster } from '../../support/clusters.ts';

const DATA = '/var/lib/etcd';
const MARKER = 'cluster-token=0123456789abcdef\nmember-name=etcd-1\nstate=formed\n';

let sandbox: Sandbox;
let cluster: Cluster;

/** A cluster of one: with nobody to ask, a guard that took data for none would start at once. */
beforeAll(async () => {
  const { machines, ...rest } = exampleCluster('ha-3etcd');
  cluster = { ...rest, machines: machines.filter(({ name }) => name !== 'etcd-2' && name !== 'etcd-3') };
  const plan = await planForReal(cluster);
  sandbox = await createSandbox({
    subnet: cluster.network.nodeSubnet,
    machines: [{ name: 'etcd-1', address: '10.0.0.21' }],
  });
  await installPlan(sandbox, plan.machine('etcd-1'));
});
afterAll(async () => await sandbox?.stop());

const shell = async (line: string) => (await sandbox.run('etcd-1', ['sh', '-c', line])).stdout;
const markerNow = async () => await shell(`cat ${DATA}/${MEMBER_MARKER}`);

async function run(): Promise<{ exitCode: number; output: string }> {
  const machine = cluster.machines.find(({ name }) => name === 'etcd-1');
  if (machine === undefined) throw new Error('no etcd-1');
  const command = ['/bin/sh', ETCD_GUARD, '/bin/echo', 'started', ...etcdFlags(cluster, machine, '0123456789abcdef')];
  const { exitCode, stdout, stderr } = await sandbox.run('etcd-1', command, {
    user: 'etcd',
    env: { KEELWAY_DATA_MOUNT_CHECK: 'skip', RUNTIME_DIRECTORY: '/run/etcd' },
  });
  return { exitCode, output: stdout + stderr };
}

const STARTED = { exitCode: 0, output: expect.stringMatching(/^started --name=etcd-1 /m) };

beforeEach(async () => {
  await shell(`rm -rf ${DATA} /run/etcd; umask 077; mkdir -p ${DATA}/member/wal ${DATA}/member/snap /run/etcd
cd ${DATA} && touch member/wal/0.wal member/snap/db && ln -s /etc/passwd member/link`);
  await sandbox.run('etcd-1', ['tee', `${DATA}/${MEMBER_MARKER}`], { input: MARKER });
  await shell(
    `chmod 0600 ${DATA}/${MEMBER_MARKER}; chown -R -h etcd:etcd ${DATA} /run/etcd; mkdir -m 0700 ${DATA}/lost+found`,
  );
});

describe('data of another account', () => {
  const owners = async () => await shell(`cd ${DATA} && find . -printf '%p %u:%g %m\\n' | sort`);

  it.each([
    ['the data', 'member'],
    ['its log', 'member/wal'],
    ['the marker', MEMBER_MARKER],
  ])('is not taken for none when %s cannot be read', async (_, path) => {
    await shell(`chmod -R go= ${DATA}/member; chown -R 990:990 ${DATA}/${path}`);
    expect(await run()).toEqual({
      exitCode: 75,
      output: expect.stringMatching(
        new RegExp(`REFUSED: cannot read ${DATA}/${path}, which is \\S+ 990:990, as .*: it may be the data of etcd-1`),
      ),
    });
    expect(await markerNow()).toBe(MARKER);
  });

  it('becomes etcd’s before etcd starts, and nothing else does', async () => {
    await shell(`chown -R -h 990:990 ${DATA}; chown root:root ${DATA}/lost+found`);
    const own = await sandbox.run('etcd-1', ['/bin/sh', ETCD_GUARD, '--own', DATA]);
    expect(own.exitCode).toBe(0);
    expect(own.stderr).toMatch(/\/var\/lib\/etcd\S* belongs to 990:990, not to etcd, which is \d+:\d+ here/);
    expect((await owners()).split('\n').filter(Boolean)).toEqual([
      '. etcd:etcd 700',
      './keelway-member etcd:etcd 600',
      './lost+found root:root 700',
      './member etcd:etcd 700',
      './member/link etcd:etcd 777',
      './member/snap etcd:etcd 700',
      './member/snap/db etcd:etcd 600',
      './member/wal etcd:etcd 700',
      './member/wal/0.wal etcd:etcd 600',
    ]);
    expect(await shell('stat -L -c %U /etc/passwd')).toBe('root\n');
    expect(await run()).toEqual(STARTED);
    const again = await sandbox.run('etcd-1', ['/bin/sh', ETCD_GUARD, '--own', DATA]);
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
