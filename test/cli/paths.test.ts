import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtProgram } from './built-program.ts';
import { copyExample, runCli } from './run-cli.ts';

const NOBODY = 65_534;

let cwd: string;
beforeAll(async () => {
  cwd = copyExample('single');
  symlinkSync('loop', join(cwd, 'loop'));
  expect((await runCli(['secrets', 'create'], { cwd })).exitCode).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true }));

const LONG = 'x'.repeat(300);

describe('a path that cannot be', () => {
  it.each<[string[], number, string]>([
    [['validate', 'cluster.yaml/x'], 2, 'SPEC_NOT_FOUND'],
    [['validate', 'loop/x'], 6, 'INPUT_UNREADABLE'],
    [['validate', LONG], 6, 'INPUT_UNREADABLE'],
    [['build', '-o', 'cluster.yaml'], 6, 'OUTPUT_CONFLICT'],
    [['build', '-o', 'cluster.yaml/x'], 6, 'OUTPUT_UNWRITABLE'],
    [['build', '-o', LONG], 6, 'INPUT_UNREADABLE'],
    [['build', '--secrets', 'cluster.yaml/x'], 2, 'SECRETS_MISSING'],
    [['secrets', 'show', '--secrets', 'loop/x'], 6, 'INPUT_UNREADABLE'],
    [['secrets', 'create', '--secrets', 'cluster.yaml/x'], 6, 'OUTPUT_UNWRITABLE'],
    [['kubeconfig', '-o', 'cluster.yaml/x'], 6, 'OUTPUT_UNWRITABLE'],
    [['kubeconfig', '-o', 'missing/x'], 6, 'OUTPUT_UNWRITABLE'],
  ])('is a mistake that is told, with a way out: %j', async (argv, exitCode, code) => {
    const result = await runCli(argv, { cwd });
    expect(result.stderr).toContain(`error[${code}]`);
    expect(result.exitCode).toBe(exitCode);
    // Something to do follows the message.
    expect(result.stderr).toMatch(/error\[\w+\] .*\n {2}\S.*\n$/);
  });
});

/** Only root can be refused as somebody else; anybody else is refused as himself. */
const isRoot = process.getuid?.() === 0;

describe('a folder that this user may not enter', () => {
  let base: string;
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'keelway-paths-'));
    chmodSync(base, 0o755);
    for (const name of readdirSync(dirname(builtProgram())).filter((each) => /^cli.*js$/.test(each))) {
      cpSync(join(dirname(builtProgram()), name), join(base, name));
    }
    cpSync(process.execPath, join(base, 'node'));
    for (const name of ['mine', 'closed']) mkdirSync(join(base, name));
    for (const name of ['cluster.yaml', 'secrets.yaml']) cpSync(join(cwd, name), join(base, 'mine', name));
    cpSync(join(cwd, 'cluster.yaml'), join(base, 'closed/cluster.yaml'));
    if (isRoot)
      for (const name of ['.', ...readdirSync(join(base, 'mine'))]) chownSync(join(base, 'mine', name), NOBODY, NOBODY);
    else chmodSync(base, 0o555);
    expect(asNobody('build', '-o', 'out').status).toBe(0);
    chmodSync(join(base, 'closed'), isRoot ? 0o700 : 0);
  });
  afterAll(() => {
    for (const folder of [base, join(base, 'closed')]) chmodSync(folder, 0o700);
    rmSync(base, { recursive: true });
  });

  function asNobody(...argv: string[]) {
    return spawnSync(join(base, 'node'), [join(base, 'cli.js'), ...argv], {
      cwd: join(base, 'mine'),
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/', NODE_DISABLE_COMPILE_CACHE: '1' },
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    });
  }

  it.each<[string[], RegExp]>([
    [['validate', '../closed/cluster.yaml'], /INPUT_UNREADABLE\] cannot read .*closed\/cluster\.yaml/],
    [['build', '-o', '../closed/out'], /INPUT_UNREADABLE\] cannot read .*closed\/out/],
    [['build', '-o', '../out'], /OUTPUT_UNWRITABLE\] cannot write .*out\.generations/],
    [['build', '--secrets', '../closed/secrets.yaml'], /INPUT_UNREADABLE\] cannot read .*closed\/secrets\.yaml/],
    [['secrets', 'create', '--secrets', '../closed/s'], /INPUT_UNREADABLE\] cannot read .*closed\/s/],
    [['secrets', 'create', '--secrets', '../s'], /OUTPUT_UNWRITABLE\] cannot write .*\/s/],
  ])('is told, with a way out: %j', (argv, expected) => {
    const { status, stdout, stderr } = asNobody(...argv);
    expect(stderr).toMatch(expected);
    expect(stderr).toMatch(/permission denied\n {2}\S.*\n$/);
    expect({ status, stdout }).toEqual({ status: 6, stdout: '' });
  });
});
