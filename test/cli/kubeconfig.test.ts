import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, copyExample, runCli } from './run-cli.ts';

let cwd: string;
beforeAll(async () => {
  cwd = copyExample('ha');
  for (const argv of [['secrets', 'create'], ['build'], ['kubeconfig', '-o', 'first.conf']]) {
    expect((await run(...argv)).exitCode).toBe(0);
  }
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { cwd });
const read = (path: string): string => readFileSync(join(cwd, path), 'utf8');

/** A second cluster of the same name, with an identity of its own. */
async function otherKubeconfig(): Promise<string> {
  const folder = copyExample('ha');
  for (const argv of [
    ['secrets', 'create'],
    ['kubeconfig', '-o', 'kubeconfig'],
  ]) {
    expect((await runCli(argv, { cwd: folder })).exitCode).toBe(0);
  }
  const text = readFileSync(join(folder, 'kubeconfig'), 'utf8');
  rmSync(folder, { recursive: true });
  return text;
}

describe('keelway kubeconfig -o', () => {
  it.each(['cluster.yaml', 'secrets.yaml', './secrets.yaml'])('never writes over what it reads: %s', async (path) => {
    const before = read(path);
    const { exitCode, stderr } = await run('kubeconfig', '-o', path);
    expect(exitCode).toBe(6);
    expect(stderr).toContain(`error[OUTPUT_CONFLICT] ${path} is what the kubeconfig is made from`);
    expect(stderr).toContain('name another file with -o');
    expect(read(path)).toBe(before);
  });

  it('never writes over the bundle by another way to it', async () => {
    symlinkSync('.', join(cwd, 'here'));
    const before = read('secrets.yaml');
    expect((await run('kubeconfig', '-o', 'here/secrets.yaml')).stderr).toContain('error[OUTPUT_CONFLICT]');
    expect(read('secrets.yaml')).toBe(before);
  });

  it.each(['build/ha/kubeconfig', 'build/ha/machines/cp-1/kubeconfig', 'secrets.yaml.leaves/admin.json'])(
    'puts nothing where a build writes: %s',
    async (path) => {
      const { exitCode, stderr } = await run('kubeconfig', '-o', path);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 6,
        stderr: expect.stringContaining('error[OUTPUT_CONFLICT]'),
      });
      expect(existsSync(join(cwd, path))).toBe(false);
      expect((await run('build')).exitCode).toBe(0);
    },
  );

  it('replaces its own, also one for another server', async () => {
    cpSync(join(cwd, 'first.conf'), join(cwd, 'mine.conf'));
    expect((await run('kubeconfig', '-o', 'mine.conf', '--server', 'https://127.0.0.1:7443')).exitCode).toBe(0);
    expect(read('mine.conf')).toContain('https://127.0.0.1:7443');
    expect((await run('kubeconfig', '-o', 'mine.conf')).exitCode).toBe(0);
    expect(read('mine.conf')).toBe(read('first.conf'));
  });

  it('replaces no file of somebody else', async () => {
    const merged = `${read('first.conf').replace('users:\n', 'users:\n  - name: "me"\n    user: {}\n')}`;
    const files: Record<string, string> = {
      notes: 'notes',
      empty: '',
      binary: '\0\x01\x02',
      merged,
      other: await otherKubeconfig(),
      renamed: read('first.conf').replaceAll('admin@ha', 'admin@edge'),
    };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(cwd, name), text);
      const { exitCode, stderr } = await run('kubeconfig', '-o', name);
      expect({ name, exitCode }).toEqual({ name, exitCode: 6 });
      expect(stderr).toContain(`error[OUTPUT_CONFLICT] ${name} exists and is no kubeconfig that Keelway wrote`);
      expect(read(name)).toBe(text);
    }
  });

  it('replaces no link and no folder', async () => {
    symlinkSync('first.conf', join(cwd, 'link'));
    mkdirSync(join(cwd, 'folder'));
    for (const name of ['link', 'folder', '/dev/null']) {
      expect((await run('kubeconfig', '-o', name)).stderr).toContain(
        `error[OUTPUT_CONFLICT] ${name} is no regular file`,
      );
    }
    expect(lstatSync(join(cwd, 'link')).isSymbolicLink()).toBe(true);
  });

  it('prints it for -o -', async () => {
    expect((await run('kubeconfig', '-o', '-')).stdout).toBe(read('first.conf'));
    expect(readdirSync(cwd)).not.toContain('-');
  });
});
