/** `keelway lab up --tier programs` as a user types it: the bundled program on examples/single. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCluster } from '../../lib/build/load-cluster.ts';
import { childrenOf, identify } from '../../lib/lab/processes.ts';
import { labFolder } from '../../lib/lab/start-lab.ts';
import { isRunning, type LabState, labLogs, readState } from '../../lib/lab/state.ts';
import { builtProgram } from '../cli/built-program.ts';
import { labPrograms } from '../tools/lab-programs.ts';

const CLUSTER = fileURLToPath(new URL('../../examples/single/cluster.yaml', import.meta.url));
const NAME = `lab-command-${process.pid}`;
const STEPS = ['seeds verified', 'etcd quorum', 'API ready', 'VIP', 'programs settled'];
const UP_MS = 300_000;

let programs: string;
beforeAll(async () => {
  const file = { name: CLUSTER, path: CLUSTER, folder: dirname(CLUSTER), text: readFileSync(CLUSTER) };
  const { kubernetes, kubeVip, pause } = loadCluster(file).cluster.versions;
  programs = await labPrograms({ kubernetes, kubeVip, pause });
}, UP_MS);

afterAll(async () => {
  await keelway('down', '--name', NAME);
});

interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function keelway(verb: string, ...argv: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [builtProgram(), 'lab', verb, ...argv], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { exitCode, ...output };
}

async function up(...argv: readonly string[]): Promise<Run> {
  return await keelway('up', CLUSTER, '--tier', 'programs', '--name', NAME, ...argv);
}

async function exec(machine: string, ...argv: readonly string[]): Promise<Run> {
  return await keelway('exec', '--name', NAME, machine, '--', ...argv);
}

/** Network namespaces of all processes, with one of them each. */
function networks(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      // Gone meanwhile, or a kernel thread.
    }
  }
  return found;
}

/** Network namespaces that came with the lab: its own, and those of its machines. */
async function networksOf(state: LabState): Promise<readonly string[]> {
  const own = readlinkSync(`/proc/${state.init.pid}/ns/net`);
  const links = await Promise.all(
    state.machines.map(async ({ name }) => (await exec(name, 'readlink', '/proc/self/ns/net')).stdout.trim()),
  );
  return [own, ...links];
}

/** What the supervisor of a lab has started, as the host sees it. */
function programsOf({ supervisor }: LabState) {
  return childrenOf(supervisor.pid).flatMap((parent) =>
    childrenOf(parent).map((pid) => ({ pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') })),
  );
}

function running(): LabState {
  const state = readState(labFolder(NAME));
  if (!isRunning(state)) throw new Error(`no lab called ${NAME} is running`);
  return state;
}

describe('keelway lab --tier programs', () => {
  it('lists the programs that are missing for this tier alone, and exits with 4', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keelway-programs-'));
    try {
      mkdirSync(join(folder, 'bin'));
      symlinkSync(join(programs, 'root'), join(folder, 'root'));
      for (const name of ['etcd', 'etcdctl', 'etcdutl', 'kubectl', 'kube-scheduler']) {
        symlinkSync(join(programs, 'bin', name), join(folder, 'bin', name));
      }
      const { exitCode, stderr } = await up('--programs', folder);
      expect(exitCode).toBe(4);
      expect(stderr.match(/(?<=missing: ).*/g)).toEqual(
        ['kube-apiserver', 'kube-controller-manager'].map((name) => join(folder, 'bin', name)),
      );
      expect(stderr).toContain('kube-apiserver 1.36.4');
      expect(existsSync(labFolder(NAME))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it(
    'brings the control plane up, tells each step, and goes on in a session of its own',
    async () => {
      const { exitCode, stdout, stderr } = await up('--programs', programs, '--output', 'json', '--timeout', '4m');
      expect(exitCode, stderr).toBe(0);
      for (const step of STEPS) expect(stderr).toMatch(new RegExp(`^ +\\d+\\.\\d s  ${step}$`, 'm'));
      const report = JSON.parse(stdout) as { timeline: Record<string, number> };
      expect(report).toMatchObject({
        name: NAME,
        tier: 'programs',
        machines: ['node-1', 'router', 'client', 'neighbour'],
      });
      expect(Object.keys(report.timeline).toSorted()).toEqual(STEPS.toSorted());
      const { pid } = running().supervisor;
      // Field 6 after the name: its session, whose leader it is.
      expect(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[3]).toBe(String(pid));
    },
    UP_MS,
  );

  it('shows every program of a machine and its state', async () => {
    const { stdout } = await keelway('status', '--name', NAME);
    expect(stdout).toMatch(/^ {2}node-1 +control-plane +running$/m);
    expect(stdout).toMatch(/^ {4}etcd\.service +unit +running$/m);
    expect(stdout).toMatch(/^ {4}kube-apiserver +pod +running/m);
    expect(stdout).toMatch(/^ {4}keelway-bootstrap\.service +unit +done$/m);
    expect(stdout).toMatch(/^ {2}neighbour +lab +on$/m);
    const json = JSON.parse((await keelway('status', '--name', NAME, '--output', 'json')).stdout) as object[];
    expect(json).toMatchObject([{ tier: 'programs', machines: [{ name: 'node-1', state: 'running' }, {}, {}, {}] }]);
  });

  it('runs programs on its machines, and hands out a kubeconfig', async () => {
    expect((await exec('client', 'kubectl', 'get', '--raw', '/readyz')).stdout).toBe('ok');
    expect((await exec('client', 'kubectl', 'get', 'nodes')).stdout).toMatch(/^node-1 +\w+ +control-plane /m);
    expect((await exec('node-1', 'stat', '-c', '%a %U', '/etc/etcd/pki/server.key')).stdout).toBe('600 etcd\n');
    expect((await exec('router', 'ip', '-o', '-4', 'address')).stdout).toContain('192.0.2.1/24');
    expect(await exec('neighbour', 'sh', '-c', 'echo no >&2; exit 9')).toMatchObject({ exitCode: 9, stderr: 'no\n' });
    const { stdout } = await keelway('kubeconfig', '--name', NAME);
    // Not shown when it is wrong: it has a key.
    expect(/^ +server: "https:\/\/10\.0\.0\.11:6443"$/m.test(stdout)).toBe(true);
  });

  it('starts a program again that is killed, and keeps its words', async () => {
    expect((await exec('node-1', 'sh', '-c', 'kill -9 $(pidof kube-scheduler)')).exitCode).toBe(0);
    await expect
      .poll(async () => (await keelway('status', '--name', NAME)).stdout, { timeout: 60_000 })
      .toMatch(/kube-scheduler +pod +running, started again 1 time$/m);
    const log = readFileSync(join(labLogs(NAME), 'node-1/kube-scheduler.log'), 'utf8');
    expect(log).toContain('kube-scheduler ended with 137');
    expect(existsSync(join(labFolder(NAME), 'logs'))).toBe(false);
  });

  it('notices the end of a program that was frozen', async () => {
    const script = 'kill -STOP $(pidof kube-scheduler); sleep 1; kill -9 $(pidof kube-scheduler)';
    expect((await exec('node-1', 'sh', '-c', script)).exitCode).toBe(0);
    await expect
      .poll(async () => (await keelway('status', '--name', NAME)).stdout, { timeout: 60_000 })
      .toMatch(/kube-scheduler +pod +running, started again 2 times$/m);
  });

  it('gives each machine processes of its own: what one kills is its own', async () => {
    for (const machine of ['client', 'router', 'neighbour']) {
      expect(await exec(machine, 'pidof', 'etcd'), machine).toMatchObject({ exitCode: 1, stdout: '' });
      expect((await exec(machine, 'cat', '/proc/1/comm')).stdout, machine).toBe('sleep\n');
    }
    expect((await exec('node-1', 'pidof', 'etcd')).stdout).toMatch(/^\d+\n$/);
  });

  it('does not leave a program of another account behind when what holds it is killed', async () => {
    const [etcd] = programsOf(running()).filter(({ command }) => command.startsWith('/usr/local/bin/etcd\0'));
    if (etcd === undefined) throw new Error('etcd does not run');
    process.kill(etcd.parent, 'SIGKILL');
    await expect.poll(() => identify(etcd.pid), { timeout: 5000 }).toBeNull();
    await expect
      .poll(async () => (await keelway('status', '--name', NAME)).stdout, { timeout: 60_000 })
      .toMatch(/etcd\.service +unit +running, started again 1 time$/m);
    await expect
      .poll(async () => (await exec('client', 'kubectl', 'get', '--raw', '/readyz')).stdout, { timeout: 60_000 })
      .toBe('ok');
  });

  it('does not start twice', async () => {
    const again = await up('--programs', programs);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain(`a lab called ${NAME} is running`);
    // A command that there is: `lab down` takes a name no other way.
    expect(again.stderr).toContain(`keelway lab down --name ${NAME}`);
    expect((await exec('client', 'kubectl', 'get', '--raw', '/readyz')).stdout).toBe('ok');
  });

  it('leaves nothing when its supervisor is killed', async () => {
    const state = running();
    const own = await networksOf(state);
    expect(new Set(own).size).toBe(5);
    process.kill(state.supervisor.pid, 'SIGKILL');
    await expect.poll(() => own.filter((network) => networks().has(network)), { timeout: 10_000 }).toEqual([]);
    expect((await keelway('status', '--name', NAME)).exitCode).toBe(2);
    const down = await keelway('down', '--name', NAME);
    expect(down).toMatchObject({ exitCode: 0, stderr: `the lab ${NAME} is gone\n` });
    expect([state.disks, labFolder(NAME), ...state.groups].filter((path) => existsSync(path))).toEqual([]);
  });

  it('ends, and leaves nothing', async () => {
    const { exitCode, stderr } = await up('--programs', programs, '--no-wait');
    expect(exitCode, stderr).toBe(0);
    const state = running();
    const own = await networksOf(state);
    expect(await keelway('down', '--name', NAME)).toMatchObject({ exitCode: 0 });
    expect(own.filter((network) => networks().has(network))).toEqual([]);
    expect([state.disks, labFolder(NAME), ...state.groups].filter((path) => existsSync(path))).toEqual([]);
  });
});

describe('keelway lab supervise', () => {
  it('is for lab up alone, and in no help', async () => {
    const { exitCode, stderr } = await keelway('supervise');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('a part of keelway lab up');
    expect((await keelway('--help')).stdout).not.toContain('supervise');
  });
});
