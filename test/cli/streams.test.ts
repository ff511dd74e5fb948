import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtProgram } from './built-program.ts';
import { copyExample } from './run-cli.ts';

const PROGRAM = builtProgram();

let cwd: string;
beforeAll(() => {
  cwd = copyExample('ha');
  expect(shell('"$@" secrets create').status).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** Runs a line of bash in which `"$@"` is the program. */
function shell(line: string) {
  return spawnSync('bash', ['-c', line, 'bash', process.execPath, PROGRAM], { cwd, encoding: 'utf8' });
}

describe('a stream that nobody reads', () => {
  it('stops no build: neither stderr', () => {
    const { status } = shell('"$@" build -o one 2> >(exec 0<&-; true); exit $?');
    expect(status).toBe(0);
    expect(JSON.parse(readFileSync(join(cwd, 'one/manifest.json'), 'utf8'))).toMatchObject({ kind: 'Manifest' });
  });

  it('nor stdout', () => {
    const { status, stderr } = shell('"$@" build -o two > >(exec 0<&-; true); exit $?');
    expect(status).toBe(0);
    expect(stderr).toContain('wrote two in');
    expect(existsSync(join(cwd, 'two/manifest.json'))).toBe(true);
  });
});

describe('a stream that cannot be written', () => {
  it('is told, with exit code 6, after the work is done', () => {
    const { status, stderr } = shell('"$@" build -o three > /dev/full');
    expect(status).toBe(6);
    expect(stderr).toContain('error[OUTPUT_UNWRITABLE] cannot write standard output: no space is left on the disk\n');
    expect(existsSync(join(cwd, 'three/manifest.json'))).toBe(true);
  });

  it('does not hide why a command failed', () => {
    const { status, stderr } = shell('"$@" validate missing.yaml --output json > /dev/full');
    expect(status).toBe(2);
    expect(stderr).toContain('cannot write standard output');
  });

  it('says nothing where messages cannot be written', () => {
    expect(shell('"$@" build -o three 2> /dev/full')).toMatchObject({ status: 0 });
  });
});
