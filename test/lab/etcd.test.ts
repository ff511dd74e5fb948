/** Three etcd machines, whole: one may fail, and one that lost its disk must not come back by mistake. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, eventually, readyNodes } from './judges/ask.ts';
import { judgeJournals } from './judges/journals.ts';
import { startTestLab, type TestLab } from './test-lab.ts';

let up: TestLab;

beforeAll(async () => {
  up = await startTestLab('ha-3etcd');
}, 600_000);

afterAll(async () => {
  await up?.stop();
});

const ETCDCTL = '. /etc/profile.d/keelway-etcdctl.sh; etcdctl';

async function write(name: string): Promise<void> {
  const answer = await up.lab.kubectl(['create', 'configmap', name, '--request-timeout=10s']);
  expect(answer).toBe(`configmap/${name} created\n`);
}

/** Identity, state and name of each member, by etcd-1. */
async function members(): Promise<readonly string[]> {
  const text = await ask(up.lab, 'etcd-1', `${ETCDCTL} member list`);
  return text
    .split('\n')
    .map((line) => line.split(', ').slice(0, 3).join(' '))
    .toSorted();
}

/** Waits until all three hold the same data. */
async function agree(): Promise<void> {
  await eventually('three members with equal data', 120_000, async () => {
    const text = await ask(up.lab, 'etcd-1', `${ETCDCTL} endpoint hashkv --cluster --write-out=json`);
    const hashes = (JSON.parse(text) as { HashKV: { hash: number } }[]).map(({ HashKV }) => HashKV.hash);
    return hashes.length === 3 && new Set(hashes).size === 1;
  });
}

describe('a cluster with three etcd machines', () => {
  it('comes up, every node Ready', async () => {
    console.log(`timeline ${JSON.stringify(up.lab.state.timeline)}`);
    expect(await readyNodes(up.lab)).toHaveLength(6);
    await agree();
  });

  judgeJournals(() => up);

  it('goes on while one of them is off, and brings it up to date when it is back', async () => {
    const startMs = performance.now();
    await up.lab.kill('etcd-3');
    // It may have been the leader: a write on its way then is lost. And it is gone without a word: for ten seconds (TCP's own
    // limit, which gRPC sets) each API server may still send some of its writes to it.
    let tries = 0;
    await eventually('ten writes in a row', 120_000, async () => {
      tries += 1;
      for (let count = 0; count < 10; count += 1) await write(`without-etcd-3-${tries}-${count}`);
      return true;
    });
    console.log(`without etcd-3, ten writes in a row were done after ${Math.round(performance.now() - startMs)} ms`);
    for (const name of ['cp-1', 'cp-2', 'cp-3']) {
      await eventually(`${name} is ready without etcd-3`, 60_000, async () => {
        return (await ask(up.lab, name, 'curl -sk --max-time 10 https://127.0.0.1:6443/readyz')) === 'ok';
      });
    }
    await up.lab.start('etcd-3');
    await agree();
  }, 240_000);

  it('refuses a member whose disk is empty, says so on its journal and console, and goes on without it', async () => {
    const before = await members();
    expect(before).toHaveLength(3);
    const disk = up.lab.diskPath('etcd-3', 'etcd');
    await up.lab.kill('etcd-3');
    renameSync(disk, `${disk}.lost`);
    mkdirSync(disk);
    await up.lab.start('etcd-3');
    const why = await eventually('a refusal', 180_000, async () => {
      const journal = await ask(up.lab, 'etcd-3', 'journalctl --quiet --no-pager --boot --unit=etcd --output=cat');
      return /REFUSED: .*/.exec(journal)?.[0] ?? false;
    });
    console.log(`etcd-3 with an empty disk: ${why}`);
    // A machine of the lab has no console: what is written there is a file.
    await eventually('a console that says so', 30_000, async () =>
      (await ask(up.lab, 'etcd-3', 'cat /dev/console')).includes(`etcd-3: ${why}`),
    );
    expect(await ask(up.lab, 'etcd-3', 'systemctl is-active etcd || :')).not.toBe('active');
    expect(await members()).toEqual(before);
    await write('while-etcd-3-is-refused');

    await up.lab.kill('etcd-3');
    rmSync(disk, { recursive: true });
    renameSync(`${disk}.lost`, disk);
    await up.lab.start('etcd-3');
    await agree();
    expect(await members()).toEqual(before);
  }, 600_000);
});
