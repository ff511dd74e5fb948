/** A lab leaves nothing, however it ends, and nothing of it reaches the network of the host. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ownControlGroups } from '../../lib/lab/control-groups.ts';
import { childrenOf } from '../../lib/lab/processes.ts';
import { kubeconfigPath, labFolder } from '../../lib/lab/start-lab.ts';
import { labDisks, statePath } from '../../lib/lab/state.ts';
import { builtProgram } from '../cli/built-program.ts';
import { exampleCluster } from '../support/clusters.ts';
import { labPrograms } from '../tools/lab-programs.ts';
import { startTestLab, type TestLab } from './test-lab.ts';

let up: TestLab | undefined;
afterEach(async () => {
  await up?.stop();
  up = undefined;
});

/** Network namespaces of these processes; of all of them by default. */
function networks(
  pids: readonly number[] = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number),
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const pid of pids) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      // Gone meanwhile, or a kernel thread.
    }
  }
  return found;
}

/** A process and everything that descends from it. */
function family(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(family)];
}

/** The control groups that are left of a lab. */
function groupsOf(supervisor: number): readonly string[] {
  return ownControlGroups()
    .map((base) => join(base, `keelway-lab-${supervisor}`))
    .filter((group) => existsSync(group));
}

/** Processes of a lab that nobody has noted: the words of its supervisor name the lab's folder. */
function supervisorsOf(name: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${labFolder(name)}/lab.sh`);
    } catch {
      return false;
    }
  });
}

const mounts = () => readFileSync('/proc/mounts', 'utf8');
const inotify = () => readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8');

describe('a lab', () => {
  it('has no way out: no interface of its namespaces leads anywhere else', async () => {
    up = await startTestLab('single', { wait: false });
    const outside = readlinkSync('/proc/self/ns/net');
    for (const { name } of up.lab.state.machines) {
      const { stdout } = await up.lab.run(name, ['ip', '-o', 'link']);
      const links = stdout
        .trim()
        .split('\n')
        .map((line) => line.split(': ')[1]?.split('@')[0]);
      expect(
        links.filter((link) => !/^(lo|eth\d|cni0)$/.test(link ?? '')),
        name,
      ).toEqual([]);
      expect((await up.lab.run(name, ['readlink', '/proc/self/ns/net'])).stdout.trim()).not.toBe(outside);
    }
    const { stdout } = await up.lab.run('client', ['ping', '-c', '1', '-W', '1', '198.51.100.1']);
    expect(stdout).toMatch(/0 received/);
  });

  it('is gone within a second of its supervisor, and the next one sweeps its control groups', async () => {
    const before = { mounts: mounts(), networks: networks(), inotify: inotify() };
    up = await startTestLab('single', { wait: false });
    await sleep(3000);
    const { supervisor } = up.lab.state;
    // Not simply what is new: others may make namespaces at this moment.
    const created = [...networks([...family(supervisor.pid)])].filter((network) => !before.networks.has(network));
    expect(created.length).toBeGreaterThanOrEqual(4);
    process.kill(supervisor.pid, 'SIGKILL');
    await expect.poll(() => created.filter((network) => networks().has(network)), { timeout: 2000 }).toEqual([]);
    expect(mounts()).toBe(before.mounts);
    await up.stop();
    expect(groupsOf(supervisor.pid)).toEqual([]);
    expect(inotify()).toBe(before.inotify);
  });

  it('ends with the process that started it, when that is killed', async () => {
    const script = `
      const { startTestLab } = await import(${JSON.stringify(fileURLToPath(new URL('test-lab.ts', import.meta.url)))});
      const { lab } = await startTestLab('single', { wait: false });
      console.log(lab.state.supervisor.pid);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const supervisor = await new Promise<number>((resolve) =>
      child.stdout.once('data', (data) => resolve(Number(data))),
    );
    expect(existsSync(`/proc/${supervisor}`)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => existsSync(`/proc/${supervisor}`), { timeout: 5000 }).toBe(false);
    up = await startTestLab('single', { powerOn: false });
    expect(groupsOf(supervisor)).toEqual([]);
  });

  it('leaves nothing when it ends as it should', async () => {
    const before = { mounts: mounts(), networks: networks().size, inotify: inotify() };
    up = await startTestLab('single', { wait: false });
    const { supervisor, disks } = up.lab.state;
    await up.stop();
    expect(mounts()).toBe(before.mounts);
    expect(existsSync(disks)).toBe(false);
    expect(groupsOf(supervisor.pid)).toEqual([]);
    expect(inotify()).toBe(before.inotify);
  });
});

describe('keelway lab up', () => {
  const name = `killed-${process.pid}`;
  const keelway = (...argv: readonly string[]) =>
    spawn(process.execPath, [builtProgram(), 'lab', ...argv, '--name', name], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    });

  let supervisor: string | undefined;
  /** Looked for once, then asked often: the moment is short. */
  function hasNamespaces(): boolean {
    if (supervisor === undefined || !existsSync(`/proc/${supervisor}`)) supervisor = supervisorsOf(name)[0];
    return supervisor !== undefined && childrenOf(Number(supervisor)).length > 0;
  }

  const down = async () => await new Promise((resolve) => keelway('down').once('exit', resolve));

  /** False when it had ended before. */
  async function killWhen(isReached: () => boolean): Promise<boolean> {
    const cluster = fileURLToPath(new URL('../../examples/single/cluster.yaml', import.meta.url));
    const { kubernetes, kubeVip, pause } = exampleCluster('single').versions;
    const child = keelway('up', cluster, '--programs', await labPrograms({ kubernetes, kubeVip, pause }), '--no-wait');
    const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
    while (child.exitCode === null && !isReached()) await sleep(1);
    child.kill('SIGKILL');
    return (await exited) === 'SIGKILL';
  }

  it.each([
    ['has a folder', () => existsSync(labFolder(name))],
    ['has keys', () => existsSync(kubeconfigPath(name))],
    ['has a supervisor', () => supervisorsOf(name).length > 0],
    ['has namespaces', hasNamespaces],
    ['is noted', () => existsSync(statePath(labFolder(name)))],
  ])(
    'killed as soon as the lab %s, leaves no process behind, and nothing that lab down does not remove',
    async (_, isReached) => {
      // On a busy machine the moment may pass unseen.
      let isKilled = await killWhen(isReached);
      for (let tries = 0; tries < 10 && !isKilled; tries += 1) {
        await down();
        isKilled = await killWhen(isReached);
      }
      expect(isKilled).toBe(true);
      const isNoted = existsSync(statePath(labFolder(name)));
      // Once it is noted, lab down finds it.
      if (!isNoted) await expect.poll(() => supervisorsOf(name), { timeout: 10_000 }).toEqual([]);
      await down();
      expect(supervisorsOf(name)).toEqual([]);
      expect([labFolder(name), labDisks(name)].filter((path) => existsSync(path))).toEqual([]);
    },
  );
});
