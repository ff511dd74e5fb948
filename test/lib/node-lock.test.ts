import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFile } from '../../lib/node-lock.ts';
import { temporaryFolder } from './pki/support.ts';

const MODULE = JSON.stringify(new URL('../../lib/node-lock.ts', import.meta.url).href);

/** A process of its own that runs a few lines with `lockFile` and `path`; resolves when it has said something. */
async function start(path: string, code: string): Promise<ChildProcess> {
  const program = `import { lockFile } from ${MODULE}; const path = ${JSON.stringify(path)};\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

const HOLD = "await lockFile(path, 1000); console.log('held'); setInterval(() => undefined, 1000);";
const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve));

describe('lockFile', () => {
  it('is a file for its owner alone, and gone when it is given back', async () => {
    const path = join(temporaryFolder(), 'lock');
    const unlock = await lockFile(path, 0);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await unlock();
    expect(existsSync(path)).toBe(false);
  });

  it('lets one in at a time, in this process', async () => {
    const path = join(temporaryFolder(), 'lock');
    let inside = 0;
    const turns = Array.from({ length: 20 }, async () => {
      const unlock = await lockFile(path, 30_000);
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside -= 1;
      await unlock();
    });
    await Promise.all(turns);
    expect(existsSync(path)).toBe(false);
  });

  it('lets one in at a time, of many processes, some of which are killed inside', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'lock');
    const code = `
      import { mkdirSync, rmdirSync } from 'node:fs';
      console.log('started');
      for (let turn = 0; turn < 15; turn += 1) {
        const unlock = await lockFile(path, 60_000);
        mkdirSync(path + '.inside');
        await new Promise((resolve) => setTimeout(resolve, 1));
        rmdirSync(path + '.inside');
        if (turn === 9 && process.env.KILLED === '1') process.kill(process.pid, 'SIGKILL');
        await unlock();
      }`;
    const children = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        process.env.KILLED = index % 2 === 0 ? '1' : '0';
        const child = start(path, code);
        return await child;
      }),
    );
    const results = await Promise.all(
      children.map(async (child) =>
        child.exitCode === null && child.signalCode === null ? await ended(child) : child.exitCode,
      ),
    );
    expect(results.filter((code) => code === 0).length).toBeGreaterThanOrEqual(3);
    expect(results.filter((code) => typeof code === 'number' && code !== 0)).toEqual([]);
    const unlock = await lockFile(path, 1000);
    await unlock();
    expect(readdirSync(folder)).toEqual([]);
  }, 90_000);

  it('says who has it, and leaves the queue', async () => {
    const path = join(temporaryFolder(), 'lock');
    const child = await start(path, HOLD);
    try {
      await expect(lockFile(path, 50)).rejects.toMatchObject({
        code: 'LOCK_BUSY',
        message: expect.stringMatching(new RegExp(`^process ${child.pid} has held ${path} for \\d+ s$`)),
        hint: expect.stringContaining('its lock ends with it'),
      });
    } finally {
      child.kill('SIGKILL');
      await ended(child);
    }
    const unlock = await start(path, "const unlock = await lockFile(path, 1000); await unlock(); console.log('done');");
    expect(await ended(unlock)).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  it('stops waiting when it is aborted', async () => {
    const path = join(temporaryFolder(), 'lock');
    const unlock = await lockFile(path, 0);
    const signal = AbortSignal.abort();
    await expect(lockFile(path, 60_000, signal)).rejects.toBe(signal.reason);
    await unlock();
  });

  it('passes over a holder that was killed', async () => {
    const path = join(temporaryFolder(), 'lock');
    const child = await start(path, HOLD);
    child.kill('SIGKILL');
    await ended(child);
    expect(existsSync(path)).toBe(true);
    await (await lockFile(path, 0))();
    expect(existsSync(path)).toBe(false);
  });

  it('takes a later process with the same number for another one', async () => {
    const path = join(temporaryFolder(), 'lock');
    const unlock = await lockFile(path, 0);
    const [line = ''] = readFileSync(path, 'utf8').split('\n');
    await unlock();
    const [pid, start, ...rest] = line.split(' ');
    writeFileSync(path, `${[pid, Number(start) - 1, ...rest].join(' ')}\n`);
    await (await lockFile(path, 0))();
  });

  it('cannot see processes of other machines, and waits for them ten minutes long', async () => {
    const path = join(temporaryFolder(), 'lock');
    const line = (seconds: number) => `1 1 other/pid:[1] ${Math.floor(Date.now() / 1000) - seconds} 1\n`;
    writeFileSync(path, line(30));
    await expect(lockFile(path, 20)).rejects.toMatchObject({
      code: 'LOCK_BUSY',
      message: expect.stringContaining('process 1 of another machine or container'),
      hint: expect.stringContaining(`remove ${path}`),
    });
    writeFileSync(path, line(601));
    await (await lockFile(path, 0))();
  });

  it('is stopped by no nonsense in the file', async () => {
    const path = join(temporaryFolder(), 'lock');
    appendFileSync(path, 'nonsense\n\0\0\n-1 0 - 0 0\n');
    await (await lockFile(path, 0))();
    expect(existsSync(path)).toBe(false);
  });

  it('says why there can be none', async () => {
    const path = join(temporaryFolder(), 'lock');
    mkdirSync(path);
    for (const place of [path, join(path, 'missing/lock')]) {
      await expect(lockFile(place, 0)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    }
  });
});
