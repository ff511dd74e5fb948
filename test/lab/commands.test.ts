/** `keelway lab` as a user types it: the bundled program on examples/single. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { loadCluster } from '../../lib/build/load-cluster.ts';
import { labFolder } from '../../lib/lab/start-lab.ts';
import { isRunning, readState } from '../../lib/lab/state.ts';
import { builtProgram } from '../cli/built-program.ts';
import { labPrograms } from '../tools/lab-programs.ts';

const CLUSTER = fileURLToPath(new URL('../../examples/single/cluster.yaml', import.meta.url));
const NAME = `commands-${process.pid}`;

/** The folder that a user would have made. */
async function programs(): Promise<string> {
  const file = { name: CLUSTER, path: CLUSTER, folder: dirname(CLUSTER), text: readFileSync(CLUSTER) };
  const { kubernetes, kubeVip, pause } = loadCluster(file).cluster.versions;
  return await labPrograms({ kubernetes, kubeVip, pause });
}

interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Pieces of standard error, and when each came, in milliseconds after the start. */
  readonly progress: readonly { readonly text: string; readonly ms: number }[];
}

async function keelway(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [builtProgram(), ...argv], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  let stdout = '';
  const progress: { text: string; ms: number }[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    progress.push({ text, ms: performance.now() - startMs });
  });
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { exitCode, stdout, stderr: progress.map(({ text }) => text).join(''), progress };
}

afterAll(async () => {
  await keelway(['lab', 'down', '--name', NAME]);
});

describe('keelway lab', () => {
  it('lists everything that is missing in a programs folder, and exits with 4', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keelway-programs-'));
    try {
      symlinkSync(join(await programs(), 'bin'), join(folder, 'bin'));
      const { exitCode, stderr, stdout } = await keelway(['lab', 'up', CLUSTER, '--name', NAME, '--programs', folder]);
      expect(exitCode).toBe(4);
      expect(stdout).toBe('');
      for (const part of ['root/usr/bin/cloud-init', 'cni/bridge', 'images/registry.k8s.io/kube-apiserver:v1.36.4']) {
        expect(stderr).toContain(part);
      }
      expect(stderr).not.toContain('bin/kubelet');
      expect(readState(labFolder(NAME))).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says how to name a programs folder when none is, and that a lab does not run', async () => {
    const up = await keelway(['lab', 'up', CLUSTER, '--name', NAME]);
    expect(up.exitCode).toBe(2);
    expect(up.stderr).toContain('--programs DIR');
    for (const verb of [['status'], ['kubeconfig'], ['exec', 'client', 'true']]) {
      const { exitCode, stderr } = await keelway(['lab', ...verb, '--name', NAME]);
      expect(exitCode, verb[0]).toBe(2);
      expect(stderr, verb[0]).toContain(`no lab called ${NAME} is running`);
    }
  });

  it('brings a cluster up, and tells each step when it is reached', async () => {
    const env = { KEELWAY_LAB_PROGRAMS: await programs() };
    const { exitCode, stdout, stderr, progress } = await keelway(
      ['lab', 'up', CLUSTER, '--name', NAME, '--output', 'json'],
      env,
    );
    expect(exitCode, stderr).toBe(0);
    const steps = ['seeds verified', 'etcd quorum', 'API ready', 'VIP', 'nodes Ready', 'machines settled'];
    for (const step of steps) expect(stderr).toMatch(new RegExp(`^ +\\d+\\.\\d s  ${step}$`, 'm'));
    const at = (step: string) => progress.find(({ text }) => text.includes(step))?.ms ?? 0;
    expect(at('seeds verified')).toBeLessThan(at('nodes Ready') - 2000);
    expect(stderr).toContain('beside what was rendered');
    const report = JSON.parse(stdout) as { name: string; machines: string[]; timeline: Record<string, number> };
    expect(report).toMatchObject({ name: NAME, machines: ['node-1', 'router', 'client', 'neighbour'] });
    expect(Object.keys(report.timeline).toSorted()).toEqual(steps.toSorted());
  }, 400_000);

  it('shows its state, runs programs on its machines, and hands out a kubeconfig', async () => {
    const status = await keelway(['lab', 'status', '--name', NAME]);
    expect(status.stdout).toMatch(/node-1 +control-plane +running/);
    expect(status.stdout).toContain('nodes Ready');
    const json = await keelway(['lab', 'status', '--name', NAME, '--output', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject([{ name: NAME, endpoint: '10.0.0.11:6443' }]);
    const nodes = await keelway(['lab', 'exec', '--name', NAME, 'client', '--', 'kubectl', 'get', 'nodes']);
    expect(nodes.stdout).toMatch(/^node-1 +Ready +control-plane /m);
    const failing = await keelway(['lab', 'exec', '--name', NAME, 'node-1', '--', 'sh', '-c', 'echo no >&2; exit 9']);
    expect(failing).toMatchObject({ exitCode: 9, stderr: 'no\n' });
    const { stdout } = await keelway(['lab', 'kubeconfig', '--name', NAME]);
    // Not shown when it is wrong: it has a key.
    expect(/^ +server: "https:\/\/10\.0\.0\.11:6443"$/m.test(stdout)).toBe(true);
    const again = await keelway(['lab', 'up', CLUSTER, '--name', NAME, '--programs', await programs()]);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain(`a lab called ${NAME} is running`);
  });

  it('ends, and is gone', async () => {
    const state = readState(labFolder(NAME));
    expect(isRunning(state)).toBe(true);
    const down = await keelway(['lab', 'down', '--name', NAME]);
    expect(down).toMatchObject({ exitCode: 0, stderr: `the lab ${NAME} is gone\n` });
    expect(isRunning(state)).toBe(false);
    expect(readState(labFolder(NAME))).toBeNull();
  });
});
