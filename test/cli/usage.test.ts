import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../lib/cli/command-table.ts';
import { main } from '../../lib/cli/main.ts';
import { nodePorts } from '../../lib/node-ports.ts';
import { ageFolder } from '../lib/secrets/support.ts';
import { type CliResult, copyExample, runCli } from './run-cli.ts';

let cwd: string;
beforeAll(async () => {
  cwd = copyExample('single');
  expect((await run('secrets', 'create')).exitCode).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { cwd });

function newIdentity(folder: string): string {
  const path = join(folder, 'key.txt');
  execFileSync(join(ageFolder(), 'age-keygen'), ['-o', path], { stdio: 'pipe' });
  return execFileSync(join(ageFolder(), 'age-keygen'), ['-y', path], { encoding: 'utf8' }).trim();
}

describe('keelway secrets create', () => {
  it.each([
    ['--recipient', ','],
    ['--recipient', ' '],
    ['--recipient', 'age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqsx2hc3,'],
    ['--format', 'age'],
    ['--format', 'sops', '--recipient', ','],
  ])('never writes plain text when encryption was asked for: %j %j', async (...options) => {
    const result = await run('secrets', 'create', '--secrets', 'asked.yaml', ...options);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/error\[USAGE_INVALID\] .* recipient\n {2}give --recipient age1\.\.\./);
    expect(existsSync(join(cwd, 'asked.yaml'))).toBe(false);
  });

  it('prints a next step that works, whatever the names, encrypted or not', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'keelway-usage-')), "it's a place");
    mkdirSync(folder);
    const text = readFileSync(join(cwd, 'cluster.yaml'), 'utf8');
    writeFileSync(join(folder, 'my cluster.yaml'), text);
    const recipient = newIdentity(folder);
    for (const options of [[], ['--secrets', 'other $HOME.yaml', '--recipient', recipient]]) {
      const made = await runCli(['secrets', 'create', 'my cluster.yaml', ...options], { cwd: folder });
      expect(made.exitCode, made.stderr).toBe(0);
      const next = /^Next: keelway (.*)$/m.exec(made.stderr)?.[1]?.replace('FILE', 'key.txt') ?? '';
      const words = execFileSync('sh', ['-c', `printf '%s\\n' ${next}`], { encoding: 'utf8' })
        .trimEnd()
        .split('\n');
      const built = await runCli(words, { cwd: folder });
      expect(built.exitCode, built.stderr).toBe(0);
      rmSync(join(folder, 'build'), { recursive: true });
    }
    rmSync(dirname(folder), { recursive: true });
  });
});

describe('hints', () => {
  it.each<[string[], string]>([
    [['validate', 'no.yaml'], 'keelway validate path/to/cluster.yaml'],
    [['build', 'no.yaml'], 'keelway build path/to/cluster.yaml'],
    [['secrets', 'show', 'no.yaml'], 'keelway secrets show path/to/cluster.yaml'],
    [['render', 'cp-1', '--cluster', 'no.yaml'], 'keelway render <machine> --cluster path/to/cluster.yaml'],
  ])('name the command that was used: %j', async (argv, expected) => {
    const { exitCode, stderr } = await run(...argv);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`error[SPEC_NOT_FOUND] there is no cluster file no.yaml\n  name one: ${expected}\n`);
  });

  it('name no command that there is not', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const verbs = new Set(commands.flatMap(({ name }) => [name, name.split(' ')[0] as string]).concat('help'));
    const wrong = sources.flatMap((name) => {
      const lines = readFileSync(join(root, 'lib', name), 'utf8').split('\n');
      const code = lines.filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line)).join('\n');
      // After a quote, a backtick, a colon or `then`: as words to type.
      return [...code.matchAll(/(?:['"`:]|then|by|with) ?`?keelway ([a-z]+)( [a-z]+)?/g)]
        .filter(([, first = '', second = '']) => !verbs.has(first) && !verbs.has(first + second))
        .map(([text]) => `${name}: ${text}`);
    });
    expect(wrong.filter((line) => !line.includes('keelway needs'))).toEqual([]);
  });
});

describe('the command line', () => {
  it('takes an option once', async () => {
    const { exitCode, stderr } = await run('build', '-o', 'a', '--out', 'b');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[USAGE_INVALID] --out is given twice');
    expect(existsSync(join(cwd, 'a')) || existsSync(join(cwd, 'b'))).toBe(false);
  });

  it.each([
    [['build', '-o', '-'], '--out'],
    [['secrets', 'create', '--secrets', '-'], '--secrets'],
  ])('takes no standard output where none can be: %j', async (argv, option) => {
    const { exitCode, stderr } = await run(...argv);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`${option} - is no place`),
    });
    expect(readdirSync(cwd)).not.toContain('-');
  });

  it('names an identity file that is not there, also when it is not needed', async () => {
    const { exitCode, stderr } = await run('build', '--identity', 'missing.txt');
    expect(exitCode).toBe(6);
    expect(stderr).toContain('error[INPUT_UNREADABLE] there is no identity file missing.txt');
  });
});

describe('--output json', () => {
  it.each([
    ['build', '--output', 'json', '--bogus'],
    ['build', '--bogus', '--output=json'],
    ['buidl', '--output', 'json'],
    ['render', '--output', 'json'],
  ])('answers mistakes in the command line, too: %j %j %j', async (...argv) => {
    const { exitCode, stdout } = await run(...argv);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE_INVALID', issues: [] } });
  });

  it('answers a bug, too, with its stack for people', async () => {
    const output = { stdout: '', stderr: '' };
    const files = { ...nodePorts().files, stat: () => Promise.reject(new TypeError('a bug')) };
    const exitCode = await main(
      ['build', '--output', 'json'],
      { ...nodePorts(), files },
      {
        stdout: (text) => {
          output.stdout += text;
        },
        stderr: (text) => {
          output.stderr += text;
        },
        stdin: async () => new Uint8Array(),
        env: {},
        cwd,
        stderrIsTerminal: false,
      },
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(output.stdout)).toMatchObject({ error: { code: 'UNEXPECTED' } });
    expect(output.stderr).toContain('TypeError: a bug');
  });

  it('is not taken from behind --', async () => {
    const { stdout, stderr } = await run('build', '--', '--output', 'json');
    expect({ stdout, stderr }).toMatchObject({ stdout: '', stderr: expect.stringContaining('error[USAGE_INVALID]') });
  });

  it.each([
    ['/etc/hostname', { mode: '0644', owner: 'root', group: 'root', secret: false }],
    ['user-data', {}],
    ['etcd.service', {}],
  ])('prints one file of a machine: %s', async (path, expected) => {
    // Certificates that nobody kept would be others the next time.
    expect((await run('build')).exitCode).toBe(0);
    const machine = JSON.parse((await run('plan', '--output', 'json')).stdout).machines[0].machine as string;
    const text = (await run('render', machine, path)).stdout;
    const { exitCode, stdout } = await run('render', machine, path, '--output', 'json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ machine, path, contents: text, ...expected });
  });
});
