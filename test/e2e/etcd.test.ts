/** The reference topology's two etcd members, run from their rendered units with their rendered certificates. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdCluster, etcdCluster } from '../harness/etcd-cluster.ts';
import type { SandboxUnit } from '../harness/sandbox-unit.ts';
import { exampleCluster } from '../support/clusters.ts';

const DATA = '/var/lib/etcd';
const PKI = '/etc/etcd/pki';

let etcd: EtcdCluster;
const running = new Map<string, SandboxUnit>();

async function start(...members: readonly string[]): Promise<readonly SandboxUnit[]> {
  const units = await Promise.all(members.map(async (member) => [member, await etcd.start(member)] as const));
  for (const [member, unit] of units) running.set(member, unit);
  return units.map(([, unit]) => unit);
}

async function stopAll(): Promise<void> {
  await Promise.all([...running.values()].map(async (unit) => await unit.stop()));
  running.clear();
}

/** What the peer port answers to the other member. */
async function ask(from: string, url: string): Promise<string> {
  const files = `--cert ${PKI}/peer.crt --key ${PKI}/peer.key --cacert ${PKI}/peer-ca.crt`;
  return (await etcd.shell(from, `curl --silent --http1.1 --max-time 3 ${files} ${url}`)).stdout;
}

async function eventually(text: () => Promise<string>, pattern: RegExp, timeoutMs = 10_000): Promise<string> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await text();
    if (pattern.test(found)) return found;
    if (Date.now() > end) throw new Error(`no ${pattern} in: ${found}`);
    await sleep(200);
  }
}

beforeAll(async () => {
  etcd = await etcdCluster(exampleCluster('ha'));
});
afterAll(async () => await etcd?.stop());

describe('two members that start for the first time', () => {
  it('form a cluster only together', async () => {
    const [first] = await start('etcd-1');
    await first?.main.waitFor(/waiting: an empty member forms a cluster only when .* etcd-2 \(silent\)/);
    await sleep(2500);
    expect(first?.isReady()).toBe(false);
    expect((await etcd.shell('etcd-1', `ls ${DATA}`)).stdout).toBe('');

    const [second] = await start('etcd-2');
    await Promise.all([first?.ready(), second?.ready()]);
    expect((await etcd.etcdctl('etcd-1', 'endpoint health --cluster')).exitCode).toBe(0);
    expect((await etcd.etcdctl('etcd-1', 'put here before')).stdout).toBe('OK\n');
    expect((await etcd.etcdctl('etcd-2', 'get here --print-value-only')).stdout).toBe('before\n');
  });

  it('leave a marker that says so, readable by etcd alone', async () => {
    const { stdout } = await etcd.shell('etcd-1', `cat ${DATA}/keelway-member; stat -c '%U:%G %a' ${DATA}`);
    expect(stdout).toBe(
      `cluster-token=${etcd.plan.secrets.etcdToken}\nmember-name=etcd-1\nstate=formed\netcd:etcd 700\n`,
    );
  });
});

describe('who may talk to a member', () => {
  const etcdctl = (certificate: string, member = 'etcd-1') =>
    etcd.sandbox.run('etcd-2', [
      ...['etcdctl', '--endpoints', `https://${member === 'etcd-1' ? '10.0.0.21' : '10.0.0.22'}:2379`],
      ...['--cacert', `${PKI}/ca.crt`, '--command-timeout', '1s', '--dial-timeout', '1s'],
      ...certificate.split(' ').filter(Boolean),
      ...['get', 'here', '--print-value-only'],
    ]);
  const leaf = async (id: string, name: string): Promise<string> => {
    const issued = etcd.plan.pki.leaves.get(id);
    await etcd.sandbox.run('etcd-2', ['tee', `/tmp/${name}.crt`], { input: issued?.certificatePem ?? '' });
    await etcd.sandbox.run('etcd-2', ['tee', `/tmp/${name}.key`], { input: issued?.keyPem ?? '' });
    return `--cert /tmp/${name}.crt --key /tmp/${name}.key`;
  };

  it('an API server, with its client certificate', async () => {
    const result = await etcdctl(await leaf('cp-1/apiserver-etcd-client', 'apiserver'));
    expect(result.stdout).toBe('before\n');
  });

  it('nobody without a certificate', async () => {
    const { exitCode, stderr } = await etcdctl('');
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/certificate required|context deadline exceeded/);
    expect(running.get('etcd-1')?.main.output()).toContain("client didn't provide a certificate");
  });

  it.each([
    ['the Kubernetes CA', 'cp-1/apiserver-kubelet-client'],
    ['the peer CA', 'etcd-2/etcd-peer'],
    ['the front-proxy CA', 'cp-1/front-proxy-client'],
  ])('nobody with a certificate of %s', async (_, id) => {
    const { exitCode, stdout } = await etcdctl(await leaf(id, 'other'));
    expect(exitCode).not.toBe(0);
    expect(stdout).toBe('');
    expect(running.get('etcd-1')?.main.output()).toContain('certificate signed by unknown authority');
  });

  it('no client as a peer, and no peer from another address', async () => {
    const curl = async (certificate: string) =>
      await etcd.shell(
        'etcd-2',
        `curl --silent --show-error --http1.1 --max-time 3 --cacert ${PKI}/peer-ca.crt ${certificate} https://10.0.0.21:2380/members`,
      );
    const own = await curl(`--cert ${PKI}/peer.crt --key ${PKI}/peer.key`);
    expect(JSON.parse(own.stdout)).toHaveLength(2);
    const client = await curl(`--cert ${PKI}/healthcheck-client.crt --key ${PKI}/healthcheck-client.key`);
    expect(client.exitCode).not.toBe(0);
    const stolen = await curl(await leaf('etcd-1/etcd-peer', 'stolen'));
    expect(stolen.exitCode).not.toBe(0);
    expect(running.get('etcd-1')?.main.output()).toMatch(/10\.0\.0\.22.*does not match any of DNSNames/);
  });

  it('serves metrics and health to its own machine only', async () => {
    expect((await etcd.shell('etcd-1', 'curl -s http://127.0.0.1:2381/readyz')).stdout).toBe('ok\n');
    expect((await etcd.shell('etcd-2', 'curl -s --max-time 2 http://10.0.0.21:2381/readyz')).exitCode).not.toBe(0);
  });

  it('by TLS 1.3 only', async () => {
    const { exitCode } = await etcd.shell('etcd-2', 'openssl s_client -connect 10.0.0.21:2379 -tls1_2 </dev/null');
    expect(exitCode).not.toBe(0);
  });
});

describe('one member of two', () => {
  it('cannot write, and says so', async () => {
    await running.get('etcd-2')?.stop();
    running.delete('etcd-2');
    const { exitCode } = await etcd.etcdctl('etcd-1', 'put there never --command-timeout=1s');
    expect(exitCode).not.toBe(0);
    expect((await etcd.shell('etcd-1', 'curl -s http://127.0.0.1:2381/readyz')).stdout).toContain('linearizable_read');
  });

  it('knows by itself, after a restart, that the cluster has formed', async () => {
    await stopAll();
    await start('etcd-1');
    await eventually(async () => await ask('etcd-2', 'https://10.0.0.21:2380/version'), /"etcdcluster":"3\.6\.0"/);
    expect(running.get('etcd-1')?.isReady()).toBe(false);
  });
});

describe('a wiped member', () => {
  beforeAll(async () => {
    await etcd.shell('etcd-2', `cp -a ${DATA} /root/kept && find ${DATA} -mindepth 1 -delete`);
  });

  it('is refused by what the other one knows, even without a quorum', async () => {
    const [second] = await start('etcd-2');
    expect(await second?.ended(15_000)).toBe(78);
    running.delete('etcd-2');
    expect(second?.main.output()).toMatch(/REFUSED: the disk at \/var\/lib\/etcd is empty, but etcd-1 knows etcd-2/);
    // Said on the screen of the machine too, with the way out.
    const screen = (await etcd.shell('etcd-2', 'cat /dev/console')).stdout;
    expect(screen).toMatch(
      /etcd-2: REFUSED: .*etcdctl member remove.*etcdctl member add.*initialClusterState: existing/,
    );
    expect((await etcd.shell('etcd-2', `ls -A ${DATA}`)).stdout).toBe('');
  });

  it('waits while the other one is off, and is refused when it comes', async () => {
    await stopAll();
    const [second] = await start('etcd-2');
    await second?.main.waitFor(/waiting: .* etcd-1 \(silent\)/);
    await sleep(3000);
    expect((await etcd.shell('etcd-2', `ls -A ${DATA}`)).stdout).toBe('');
    await start('etcd-1');
    expect(await second?.ended(15_000)).toBe(78);
    running.delete('etcd-2');
  });

  it('comes back with its data', async () => {
    await stopAll();
    await etcd.shell('etcd-2', `cp -a /root/kept/. ${DATA}/`);
    const units = await start('etcd-1', 'etcd-2');
    await Promise.all(units.map(async (unit) => await unit.ready()));
    expect((await etcd.etcdctl('etcd-2', 'get here --print-value-only')).stdout).toBe('before\n');
    for (const unit of units) expect(unit.main.output()).toContain('starting initial corruption check');
  });
});
