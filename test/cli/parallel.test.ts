import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtProgram } from './built-program.ts';
import { copyExample } from './run-cli.ts';

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

function start(cwd: string, ...argv: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [builtProgram(), ...argv], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('close', (status) => resolve({ status, stderr }));
  });
}

async function inNewCluster(action: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = copyExample('ha');
  try {
    expect((await start(cwd, 'secrets', 'create')).status).toBe(0);
    await action(cwd);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

describe('runs at the same time', () => {
  it('of a first build all succeed, and what they wrote is kept', async () => {
    for (let round = 0; round < 3; round += 1) {
      await inNewCluster(async (cwd) => {
        const runs = await Promise.all([1, 2, 3].map(() => start(cwd, 'build')));
        expect(runs.map(({ status, stderr }) => (status === 0 ? 0 : stderr))).toEqual([0, 0, 0]);
        expect((await start(cwd, 'plan')).stderr).toContain('build/ha is up to date');
        expect(readdirSync(cwd).sort()).toEqual(['build', 'cluster.yaml', 'secrets.yaml', 'secrets.yaml.leaves']);
        expect(readdirSync(join(cwd, 'build/.ha.generations'))).toHaveLength(1);
      });
    }
  }, 120_000);

  it('of builds into two folders make the same', async () => {
    await inNewCluster(async (cwd) => {
      const runs = await Promise.all(['one', 'two'].map((out) => start(cwd, 'build', '-o', out)));
      expect(runs.map(({ status }) => status)).toEqual([0, 0]);
      for (const out of ['one', 'two']) {
        expect((await start(cwd, 'plan', '-o', out)).stderr).toContain(`${out} is up to date`);
      }
    });
  });

  it('of kubeconfig give the same administrator', async () => {
    await inNewCluster(async (cwd) => {
      const runs = await Promise.all(['build', 'kubeconfig', 'kubeconfig'].map((verb) => start(cwd, verb)));
      expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
      expect((await start(cwd, 'plan')).stderr).toContain('build/ha is up to date');
    });
  });

  it('of secrets create make one cluster', async () => {
    const cwd = copyExample('single');
    const runs = await Promise.all([1, 2, 3, 4].map(() => start(cwd, 'secrets', 'create')));
    expect(runs.filter(({ status }) => status === 0)).toHaveLength(1);
    expect(runs.filter(({ stderr }) => stderr.includes('error[SECRETS_EXIST]'))).toHaveLength(3);
    expect(readdirSync(cwd).sort()).toEqual(['cluster.yaml', 'secrets.yaml']);
    rmSync(cwd, { recursive: true });
  });

  it('that are killed stand in nobody’s way', async () => {
    await inNewCluster(async (cwd) => {
      const child = spawn(process.execPath, [builtProgram(), 'build'], { cwd, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('close', resolve));
      while (!existsSync(join(cwd, 'secrets.yaml.lock')) && child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      child.kill('SIGKILL');
      await ended;
      expect((await start(cwd, 'build')).status).toBe(0);
      expect(readdirSync(cwd).sort()).toEqual(['build', 'cluster.yaml', 'secrets.yaml', 'secrets.yaml.leaves']);
    });
  });
});
