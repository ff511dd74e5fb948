import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../lib/version.ts';
import { builtProgram } from './built-program.ts';

const PROGRAM = builtProgram();
const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
const EXAMPLE = fileURLToPath(new URL('../../examples/ha/cluster.yaml', import.meta.url));

let cache: string;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'keelway-program-'));
});
afterAll(() => rmSync(cache, { recursive: true }));

function run(argv: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [PROGRAM, ...argv], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: cache, ...env },
  });
}

describe('the bundled program', () => {
  it('knows its version', () => {
    expect(VERSION).toBe(PACKAGE.version);
    expect(run(['--version'])).toMatchObject({ status: 0, stdout: `${VERSION}\n`, stderr: '' });
    expect(run(['-V'])).toMatchObject({ status: 0, stdout: `${VERSION}\n` });
  });

  it('runs as a program of its own', () => {
    expect(execFileSync(PROGRAM, ['--version'], { encoding: 'utf8' })).toBe(`${VERSION}\n`);
  });

  it.each([
    [['--help'], 0, /^keelway \d/],
    [['help', 'build'], 0, /^usage: keelway build/],
    [['schema'], 0, /"\$schema"/],
    [['validate', EXAMPLE], 0, /^who reaches the virtual IP/],
    [['secrets', 'show', '--secrets', '/nonexistent', EXAMPLE], 2, /^$/],
    [['buidl'], 2, /^$/],
    [[], 0, /^keelway \d/],
  ] as const)('answers %j with %i', (argv, status, stdout) => {
    expect(run(argv)).toMatchObject({ status, stdout: expect.stringMatching(stdout) });
  });

  it('does not mind a reader that has seen enough', () => {
    const pipeline = `"$0" "$1" schema | head -n 1`;
    const result = spawnSync('sh', ['-c', pipeline, process.execPath, PROGRAM], { encoding: 'utf8' });
    expect(result).toMatchObject({ status: 0, stdout: '{\n', stderr: '' });
  });

  it('writes all of a long answer into a slow pipe', () => {
    const pipeline = `"$0" "$1" schema | { sleep 0.3; cat; }`;
    const result = spawnSync('sh', ['-c', pipeline, process.execPath, PROGRAM], { encoding: 'utf8' });
    expect(JSON.parse(result.stdout)).toHaveProperty('$schema');
  });

  it('keeps compiled code for the next run, for its owner alone', () => {
    run(['validate', EXAMPLE]);
    const folder = join(cache, 'keelway/code');
    const [file] = readdirSync(folder).filter((name) => name.startsWith('cli-validate.cjs-validate-'));
    const path = join(folder, file ?? '');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    // Damaged, or written by somebody else: not used, and no reason to fail.
    writeFileSync(path, 'nonsense');
    expect(run(['validate', EXAMPLE]).status).toBe(0);
    expect(statSync(path).size).toBeGreaterThan(10_000);
  });

  it('keeps no code of a run that failed: a good one needs more', () => {
    const kept = () => readdirSync(join(cache, 'keelway/code')).filter((name) => name.startsWith('cli-build.cjs-plan'));
    expect(run(['plan', 'nonexistent.yaml']).status).not.toBe(0);
    expect(kept()).toEqual([]);
  });

  it('needs no place for compiled code', () => {
    expect(run(['validate', EXAMPLE], { XDG_CACHE_HOME: '/proc/nowhere' }).status).toBe(0);
    expect(run(['validate', EXAMPLE], { NODE_DISABLE_COMPILE_CACHE: '1' }).status).toBe(0);
  });
});
