import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtProgram } from './built-program.ts';

const PROGRAM = builtProgram();
const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'keelway-determinism-'));
});
afterAll(() => rmSync(parent, { recursive: true }));

function keelway(cwd: string, argv: readonly string[], env: Record<string, string> = {}): void {
  const result = spawnSync(process.execPath, [PROGRAM, ...argv], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  expect(result).toMatchObject({ status: 0 });
}

describe('the same cluster file and secrets give the same bytes', () => {
  it.each(['ha', 'mixed'])('%s, from two folders, in two time zones, locales and umasks', (name) => {
    const first = join(parent, name, 'first');
    const second = join(parent, name, 'elsewhere/second folder');
    cpSync(join(EXAMPLES, name), first, { recursive: true });
    keelway(first, ['secrets', 'create']);
    keelway(first, ['build', '-o', 'out'], { TZ: 'Pacific/Kiritimati', LANG: 'C', LC_ALL: 'C' });

    mkdirSync(join(parent, name, 'elsewhere'), { recursive: true });
    cpSync(first, second, {
      recursive: true,
      filter: (path) => !path.endsWith('/out') && !path.includes('generations'),
    });
    const umask = process.umask(0o077);
    try {
      keelway(parent, ['build', join(second, 'cluster.yaml'), '-o', join(second, 'out')], {
        TZ: 'America/St_Johns',
        LANG: 'tr_TR.UTF-8',
        LC_ALL: 'tr_TR.UTF-8',
      });
    } finally {
      process.umask(umask);
    }
    const diff = spawnSync('diff', ['-r', `${first}/out/`, `${second}/out/`], { encoding: 'utf8' });
    expect(diff).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const modes = [first, second].map((folder) => {
      return spawnSync('find', [`${folder}/out/`, '-printf', '%P %m %s\n'], { encoding: 'utf8' })
        .stdout.split('\n')
        .sort();
    });
    expect(modes[1]).toEqual(modes[0]);
    expect(modes[0]?.length).toBeGreaterThan(40);
  });
});
