import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, copyExample, runCli } from './run-cli.ts';

let cwd: string;
beforeEach(async () => {
  cwd = copyExample('ha');
  await run('secrets', 'create');
});
afterEach(() => rmSync(cwd, { recursive: true }));

const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { cwd });

function setVersions(kubernetes: string, etcd: string): void {
  const path = join(cwd, 'cluster.yaml');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/versions: \{.*\}/, `versions: {kubernetes: ${kubernetes}, etcd: ${etcd}}`));
}

describe('a build after another', () => {
  it('refuses to leave out a minor, with the place and the next step, and leaves the output alone', async () => {
    setVersions('1.35.6', '3.5.33');
    expect((await run('build')).exitCode).toBe(0);
    const before = readFileSync(join(cwd, 'build/ha/plan.json'), 'utf8');
    setVersions('1.37.1', '3.7.2');
    for (const verb of ['plan', 'build']) {
      const { exitCode, stdout, stderr } = await run(verb);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain(
        'error[UPGRADE_SKIPS] spec.versions.kubernetes: from Kubernetes 1.35.6, which the last build in build/ha has, to 1.37.1 leaves out 1.36\n',
      );
      expect(stderr).toMatch(
        /error\[UPGRADE_SKIPS\] spec\.versions\.etcd: from etcd 3\.5\.33, .* leaves out 3\.6\n *--> cluster\.yaml:\d+:\d+/,
      );
      expect(stderr).toContain(
        'build and boot Kubernetes 1.36 first, the control plane first; if no machine has booted build/ha, remove it',
      );
    }
    expect(readFileSync(join(cwd, 'build/ha/plan.json'), 'utf8')).toBe(before);
    setVersions('1.36.4', '3.6.10');
    expect((await run('build')).stderr).not.toContain('UPGRADE');
    setVersions('1.36.4', '3.7.2');
    expect((await run('build')).stderr).toContain('to 3.7.2 needs 3.6.11 or newer on every member before');
    setVersions('1.36.4', '3.6.16');
    expect((await run('build')).exitCode).toBe(0);
    setVersions('1.37.1', '3.7.2');
    expect((await run('build')).exitCode).toBe(0);
  });

  it('warns when it goes back', async () => {
    setVersions('1.37.1', '3.7.2');
    await run('build');
    setVersions('1.36.4', '3.7.2');
    const { exitCode, stderr } = await run('build');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('warning[UPGRADE_BACK] spec.versions.kubernetes: Kubernetes 1.36.4 is older than 1.37.1');
    setVersions('1.35.6', '3.7.2');
    expect((await run('build', '--strict')).exitCode).toBe(2);
  });

  it('has nothing to compare with in another folder, or beside a file that is no plan', async () => {
    setVersions('1.35.6', '3.5.33');
    await run('build');
    setVersions('1.37.1', '3.7.2');
    expect((await run('plan', '-o', 'other')).exitCode).toBe(0);
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '{"kind":"Plan"}',
      '{"kind":"Plan","cluster":"ha"}',
      '{"kind":"Plan","cluster":"ha","versions":null}',
      '{"kind":"Plan","cluster":"other","versions":{"etcd":"3.5.33","kubernetes":"1.35.6"}}',
      '{"kind":"Plan","cluster":"ha","versions":{"etcd":[3],"kubernetes":"x"}}',
    ]) {
      writeFileSync(join(cwd, 'build/ha/plan.json'), text);
      expect((await run('plan')).exitCode, text).toBe(0);
    }
  });
});
