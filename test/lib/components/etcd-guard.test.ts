/** The guard's decisions, with stand-ins for its peers and for etcd. test/e2e has the real ones. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { etcdFlags } from '../../../lib/components/etcd-flags.ts';
import { ADOPT_FILE, ETCD_GUARD, GUARD_REFUSAL, MEMBER_MARKER } from '../../../lib/components/etcd-guard.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { installPlan } from '../../harness/install-plan.ts';
import { planForReal, type RealPlan } from '../../harness/plan-for-real.ts';
import { createSandbox, type Sandbox } from '../../harness/sandbox.ts';
import type { SandboxProcess } from '../../harness/sandbox-process.ts';
import { exampleCluster } from '../../support/clusters.ts';

const DATA = '/var/lib/etcd';
const PKI = '/etc/etcd/pki';
const TOKEN = '0123456789abcdef';
/** Stands for etcd: says that it runs. */
const PROGRAM = ['/bin/echo', 'started'];

let sandbox: Sandbox;
let plan: RealPlan;
let cluster: Cluster;
const peers: SandboxProcess[] = [];

beforeAll(async () => {
  cluster = exampleCluster('ha-3etcd');
  const { secrets } = await planForReal(cluster);
  plan = await planForReal(cluster, { secrets: { ...secrets, etcdToken: TOKEN } });
  const machines = cluster.machines.filter(({ role }) => role === 'etcd');
  sandbox = await createSandbox({
    subnet: cluster.network.nodeSubnet,
    machines: machines.map(({ name, address }) => ({ name, address })),
  });
  for (const { name } of machines) await installPlan(sandbox, plan.machine(name));
  // The guard looks around once a second; five times as often here.
  const sleep = '/usr/local/bin/sleep';
  await sandbox.run('etcd-1', ['tee', sleep], { input: '#!/bin/sh\nexec /usr/bin/sleep 0.2\n' });
  await sandbox.run('etcd-1', ['chmod', '0755', sleep]);
});
afterAll(async () => await sandbox?.stop());

beforeEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop('SIGKILL');
  await shell(
    'etcd-1',
    `rm -rf ${DATA} /run/etcd; install -d -o etcd -g etcd -m 0700 ${DATA} /run/etcd; : >/dev/console`,
  );
});

const shell = async (machine: string, line: string) => (await sandbox.run(machine, ['sh', '-c', line])).stdout;

interface Run {
  readonly state?: 'new' | 'existing';
  readonly environment?: Record<string, string>;
  readonly cluster?: Cluster;
}

async function start(options: Run = {}): Promise<SandboxProcess> {
  const settings = options.cluster ?? cluster;
  const used = { ...settings, etcd: { ...settings.etcd, initialClusterState: options.state ?? 'new' } };
  const machine = used.machines.find(({ name }) => name === 'etcd-1');
  if (machine === undefined) throw new Error('no etcd-1');
  const flags = etcdFlags(used, machine, TOKEN);
  return await sandbox.start('etcd-1', ['/bin/sh', ETCD_GUARD, ...PROGRAM, ...flags], {
    user: 'etcd',
    env: { KEELWAY_DATA_MOUNT_CHECK: 'skip', RUNTIME_DIRECTORY: '/run/etcd', ...options.environment },
  });
}

/** What a guard that does not wait does. */
async function run(options: Run = {}): Promise<{ exitCode: number; output: string }> {
  const guard = await start(options);
  const { exitCode } = await guard.result(15_000);
  return { exitCode, output: guard.output() };
}

const STARTED = { exitCode: 0, output: expect.stringMatching(/^started --name=etcd-1 /m) };
const refused = (why: RegExp) => ({ exitCode: GUARD_REFUSAL, output: expect.stringMatching(why) });

async function put(path: string, contents = ''): Promise<void> {
  await sandbox.run(
    'etcd-1',
    ['sh', '-c', `umask 077; mkdir -p "$(dirname ${DATA}/${path})"; cat >${DATA}/${path}; chown -R etcd:etcd ${DATA}`],
    {
      input: contents,
    },
  );
}

const marker = (state: string, name = 'etcd-1', token = TOKEN) =>
  `cluster-token=${token}\nmember-name=${name}\nstate=${state}\n`;
const markerNow = async () => await shell('etcd-1', `cat ${DATA}/${MEMBER_MARKER}`);

const url = (number: number) => `https://10.0.0.2${number}:2380`;
const member = (number: number, started: boolean) =>
  `{"id":${number},"peerURLs":["${url(number)}"],"name":"etcd-${number}"${started ? `,"clientURLs":["https://10.0.0.2${number}:2379"]` : ''}}`;
const members = (...numbers: readonly string[]) => `[${numbers.join(',')}]\n`;
const UNDECIDED = '{"etcdserver":"3.6.16","etcdcluster":"not_decided","storage":"unknown"}';
const DECIDED = '{"etcdserver":"3.6.16","etcdcluster":"3.6.0","storage":"3.6.0"}';
const EMPTY = { version: UNDECIDED, members: members(member(1, false), member(2, false), member(3, false)) };

/** A peer that gives these answers with its real certificate: on its peer port, or while it waits beside it. */
async function peer(name: string, answers: { version: string; members: string }): Promise<void> {
  const folder = '/tmp/answers';
  await shell(name, `mkdir -p ${folder}`);
  for (const [path, text] of Object.entries(answers)) {
    await sandbox.run(name, ['tee', `${folder}/${path}`], { input: text });
  }
  const address = plan.machine(name).machine.address;
  const port = answers.version.includes('keelway') ? 2382 : 2380;
  const serve = `cd ${folder} && exec openssl s_server -accept ${address}:${port} -cert ${PKI}/peer.crt -key ${PKI}/peer.key -CAfile ${PKI}/peer-ca.crt -Verify 3 -verify_return_error -quiet -WWW </dev/null`;
  peers.push(await sandbox.start(name, ['sh', '-c', serve]));
}

describe('a member with data', () => {
  it.each(['forming', 'formed'])('starts with a %s marker of its own, whoever is there', async (state) => {
    await put('member/wal/0.wal');
    await put(MEMBER_MARKER, marker(state));
    expect(await run()).toEqual(STARTED);
    expect(await markerNow()).toBe(marker(state));
  });

  it('is refused without a marker, and adopted when an administrator says so', async () => {
    await put('member/wal/0.wal');
    expect(await run()).toEqual(
      refused(/REFUSED: .* unknown member \(no keelway-member\).*touch \/var\/lib\/etcd\/keelway-adopt/s),
    );
    await put(ADOPT_FILE);
    expect(await run()).toEqual(STARTED);
    expect(await markerNow()).toBe(marker('forming'));
    expect(await run()).toEqual(STARTED);
  });

  it.each([
    ['another member', marker('formed', 'etcd-2'), /holds the data of etcd-2 of the cluster/],
    ['another cluster', marker('formed', 'etcd-1', 'other'), /token other; this is etcd-1 with the token/],
  ])('is refused when it is that of %s', async (_, text, why) => {
    await put('member/wal/0.wal');
    await put(MEMBER_MARKER, text);
    expect(await run()).toEqual(refused(why));
    expect(await markerNow()).toBe(text);
  });
});

describe('an empty member', () => {
  it('is refused when its marker says that it has joined before', async () => {
    await put(MEMBER_MARKER, marker('formed'));
    expect(await run()).toEqual(refused(/has lost the data of etcd-1.*member remove.*member add.*existing/s));
  });

  it('of a cluster of one has nobody to be added by: a snapshot, or nothing', async () => {
    const machines = cluster.machines.filter(({ name }) => name !== 'etcd-2' && name !== 'etcd-3');
    await put(MEMBER_MARKER, marker('formed'));
    expect(await run({ cluster: { ...cluster, machines } })).toEqual(
      refused(/the only member\. Restore a snapshot .*rm \/var\/lib\/etcd\/keelway-member/s),
    );
  });

  it('is refused on the disk of another', async () => {
    await put(MEMBER_MARKER, marker('formed', 'etcd-2'));
    expect(await run()).toEqual(refused(/belongs to etcd-2/));
  });

  it('starts when all others are empty too, and has the marker on the disk before', async () => {
    await peer('etcd-2', EMPTY);
    await peer('etcd-3', EMPTY);
    expect(await run()).toEqual(STARTED);
    expect(await markerNow()).toBe(marker('forming'));
    expect(await shell('etcd-1', `stat -c '%U %a' ${DATA}/${MEMBER_MARKER}; ls -A ${DATA}`)).toBe(
      'etcd 600\nkeelway-member\n',
    );
  });

  it('waits for the last one', async () => {
    await peer('etcd-2', EMPTY);
    const guard = await start();
    await guard.waitFor(
      /waiting: an empty member forms a cluster only when all others are there and empty: etcd-3 \(silent\)/,
    );
    await peer('etcd-3', EMPTY);
    await guard.waitFor(/^started /m);
  });

  it('sees the guards of others that wait as well, and only those of its own cluster', async () => {
    await peer('etcd-2', {
      ...EMPTY,
      version: `{"keelway":"forming","token":"${TOKEN}","name":"etcd-2"}`,
    });
    await peer('etcd-3', EMPTY);
    expect(await run()).toEqual(STARTED);
    await shell('etcd-1', `rm ${DATA}/${MEMBER_MARKER}`);
    for (const each of peers.splice(0)) await each.stop('SIGKILL');
    await peer('etcd-2', { ...EMPTY, version: '{"keelway":"forming","token":"other","name":"etcd-2"}' });
    expect(await run()).toEqual(refused(/etcd-2 belongs to a cluster that has formed without etcd-1/));
  });

  it.each([
    [
      'a decided version and itself as started',
      { version: DECIDED, members: members(member(1, true), member(2, true)) },
    ],
  ])('is refused when a peer answers %s', async (_, answers) => {
    await peer('etcd-2', answers);
    expect(await run()).toEqual(
      refused(/the disk at \/var\/lib\/etcd is empty, but etcd-2 knows etcd-1 as a member that has run/),
    );
    expect(await shell('etcd-1', `ls -A ${DATA}`)).toBe('');
  });

  it('is refused when a cluster has formed that does not list it', async () => {
    await peer('etcd-2', { version: DECIDED, members: members(member(2, true), member(3, true)) });
    expect(await run()).toEqual(
      refused(
        /formed without etcd-1.*the running members the configuration that names etcd-1, .*member add etcd-1 --peer-urls=https:\/\/10\.0\.0\.21:2380 --learner/s,
      ),
    );
  });

  it('joins late when the cluster has formed and lists it as never started', async () => {
    await peer('etcd-2', { version: DECIDED, members: members(member(1, false), member(2, true), member(3, true)) });
    expect(await run()).toEqual(STARTED);
  });

  it.each([
    ['no members, as etcd 3.5 does while it starts', { version: UNDECIDED, members: '[]' }],
    [
      'undecided, with a member that has started',
      { version: UNDECIDED, members: members(member(1, false), member(2, true)) },
    ],
  ])('does not take %s for empty', async (_, answers) => {
    await peer('etcd-2', answers);
    await peer('etcd-3', EMPTY);
    const guard = await start();
    await guard.waitFor(/etcd-2 \(unsure\)/);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(guard.running()).toBe(true);
    await guard.stop();
  });

  it('is alone in a cluster of one: nobody to ask', async () => {
    const machines = cluster.machines.filter(({ name }) => name !== 'etcd-2' && name !== 'etcd-3');
    expect(await run({ cluster: { ...cluster, machines } })).toEqual(STARTED);
  });
});

describe('initialClusterState: existing', () => {
  it('joins only when a running member lists it as one to join', async () => {
    const guard = await start({ state: 'existing' });
    await guard.waitFor(
      /waiting: no member of the running cluster lists https:\/\/10\.0\.0\.21:2380 .*etcd-2 \(silent\) etcd-3 \(silent\)/,
    );
    await guard.waitFor(/the running members need the configuration that names etcd-1 first/);
    await peer('etcd-2', { version: DECIDED, members: members(member(2, true), member(3, true)) });
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(guard.running()).toBe(true);
    await peers.pop()?.stop('SIGKILL');
    await peer('etcd-2', { version: DECIDED, members: members(member(1, false), member(2, true), member(3, true)) });
    await guard.waitFor(/^started /m);
  });

  it('never forms with others that are empty', async () => {
    await peer('etcd-2', EMPTY);
    await peer('etcd-3', EMPTY);
    const guard = await start({ state: 'existing' });
    await guard.waitFor(/waiting: .*etcd-2 \(empty\) etcd-3 \(empty\)/);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(guard.running()).toBe(true);
    await guard.stop();
  });

  it('takes a marker of the member it replaces for what it is', async () => {
    await put(MEMBER_MARKER, marker('formed'));
    await peer('etcd-2', { version: DECIDED, members: members(member(1, false), member(2, true)) });
    expect(await run({ state: 'existing' })).toEqual(STARTED);
    expect(await markerNow()).toBe(marker('forming'));
  });
});

describe('a crash on the way', () => {
  beforeEach(async () => {
    await peer('etcd-2', EMPTY);
    await peer('etcd-3', EMPTY);
  });

  it.each([
    ['before the marker was whole', { [`${MEMBER_MARKER}.new`]: 'cluster-to' }],
    ['after the marker', { [MEMBER_MARKER]: 'forming' }],
    ['when etcd had its database and no log', { [MEMBER_MARKER]: 'forming', 'member/snap/db': '' }],
    ['when etcd had made its log', { [MEMBER_MARKER]: 'forming', 'member/snap/db': '', 'member/wal/0.wal': '' }],
    [
      'while the marker was being changed to formed',
      { [MEMBER_MARKER]: 'forming', [`${MEMBER_MARKER}.new`]: 'x', 'member/wal/0.wal': '' },
    ],
    ['after it had joined', { [MEMBER_MARKER]: 'formed', 'member/wal/0.wal': '' }],
  ])('%s: the member starts', async (_, files) => {
    for (const [path, text] of Object.entries(files)) {
      await put(path, text === 'forming' || text === 'formed' ? marker(text) : text);
    }
    expect(await run()).toEqual(STARTED);
    expect(await markerNow()).toMatch(/^cluster-token=\w+\nmember-name=etcd-1\nstate=form(ing|ed)\n$/);
  });

  it('while it waits: the answer beside the peer port ends with it', async () => {
    for (const each of peers.splice(0)) await each.stop('SIGKILL');
    const guard = await start();
    const ask = `curl -s --cert ${PKI}/peer.crt --key ${PKI}/peer.key --cacert ${PKI}/peer-ca.crt https://10.0.0.21:2382/version`;
    await expect.poll(async () => await shell('etcd-2', ask), { timeout: 15_000 }).toContain('"keelway":"forming"');
    expect((await sandbox.run('etcd-2', ['curl', '-sk', 'https://10.0.0.21:2382/version'])).exitCode).not.toBe(0);
    await guard.stop();
    await expect.poll(async () => await shell('etcd-1', 'ss -Hltn sport = 2382'), { timeout: 15_000 }).toBe('');
  });
});

describe('--formed and --report', () => {
  const guard = async (...args: readonly string[]) =>
    await sandbox.run('etcd-1', ['/bin/sh', ETCD_GUARD, ...args], { env: { RUNTIME_DIRECTORY: '/run/etcd' } });

  it('notes once that the member has joined', async () => {
    await put(MEMBER_MARKER, marker('forming'));
    expect((await guard('--formed', DATA)).exitCode).toBe(0);
    expect(await markerNow()).toBe(marker('formed'));
    expect((await guard('--formed', DATA)).exitCode).toBe(0);
  });

  it('shows the refusal on the console, and only while it stands', async () => {
    await put('member/wal/0.wal');
    await run();
    await guard('--report');
    expect(await shell('etcd-1', 'cat /dev/console')).toMatch(
      /^keelway-etcd-guard: etcd-1: REFUSED: .*no keelway-member.*\n$/,
    );
    await put(ADOPT_FILE);
    await run();
    await shell('etcd-1', ': >/dev/console');
    await guard('--report');
    expect(await shell('etcd-1', 'cat /dev/console')).toBe('');
  });
});

describe('where the data is', () => {
  const checked = (environment: Record<string, string> = {}) =>
    run({ environment: { KEELWAY_DATA_MOUNT_CHECK: '', ...environment } });

  it('must be no file system that a restart empties', async () => {
    await put(MEMBER_MARKER, marker('formed'));
    await put('member/wal/0.wal');
    expect(await checked()).toEqual(refused(/is on overlay, which is empty after a restart/));
  });

  it('must be the data disk, when there is one', async () => {
    const image = 'truncate -s 64M /run/disk && mkfs.ext4 -q /run/disk && mount -o loop /run/disk';
    await shell('etcd-1', `${image} ${DATA} && chown etcd:etcd ${DATA}`);
    await put(MEMBER_MARKER, marker('formed'));
    await put('member/wal/0.wal');
    await shell(
      'etcd-1',
      `mkdir -p /run/keelway/disks; ln -sfn "$(findmnt -no SOURCE ${DATA})" /run/keelway/disks/etcd`,
    );
    const disk = { KEELWAY_DATA_DISK: '/run/keelway/disks/etcd' };
    expect(await checked(disk)).toEqual(STARTED);
    await shell('etcd-1', 'ln -sfn /dev/loop-control /run/keelway/disks/etcd');
    expect(await checked(disk)).toEqual({
      exitCode: 75,
      output: expect.stringMatching(/is \/dev\/loop\d+, not the data disk/),
    });
    await shell('etcd-1', `umount ${DATA}`);
    expect(await checked(disk)).toEqual({
      exitCode: 75,
      output: expect.stringMatching(/the data disk is not mounted/),
    });
  });
});
