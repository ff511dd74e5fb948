import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DebsRecipe } from '../catalog.ts';
import { installed, recipeFolder } from './cache.ts';
import { createInstaller, type Make } from './install.ts';
import { withLock } from './lock.ts';

/** A recipe that needs neither Go nor apt, because the tests bring its maker. */
const EXAMPLE: DebsRecipe = {
  kind: 'debs',
  name: 'example',
  version: '1',
  suites: [],
  minutes: 1,
  packages: [],
  wrappers: {},
  tools: { example: 'example' },
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelway-tools-'));
  vi.stubEnv('KEELWAY_TOOLS', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const silent = () => {};

describe('installing', () => {
  const make: Make = async (_recipe, into) => {
    writeFileSync(join(into, 'example'), 'made');
    await sleep(50);
    return { package: '1.0' };
  };

  it('makes a recipe once, however many ask at the same time', async () => {
    const made = vi.fn(make);
    const [first, second] = await Promise.all([
      createInstaller(silent, made).install(EXAMPLE),
      createInstaller(silent, made).install(EXAMPLE),
    ]);
    expect(made).toHaveBeenCalledTimes(1);
    expect(second).toEqual(first);
    expect(first).toMatchObject({ name: 'example', version: '1', stamp: 'debian', packages: { package: '1.0' } });
    expect(readdirSync(recipeFolder(EXAMPLE)).sort()).toEqual(['current', 'debian']);
  });

  it('announces what it makes, with the expected time, and says nothing when all is there', async () => {
    const lines: string[] = [];
    const installer = createInstaller((line) => lines.push(line), make);
    await installer.install(EXAMPLE);
    expect(lines).toEqual(['making example 1, about 1 min the first time', 'made example 1 in 0 s']);
    await installer.install(EXAMPLE);
    expect(lines).toHaveLength(2);
  });

  it('has nothing to show for a maker that fails, and sweeps its rest the next time', async () => {
    const failing = createInstaller(silent, async (_recipe, into) => {
      writeFileSync(join(into, 'example'), 'half');
      throw new Error('disk full');
    });
    await expect(failing.install(EXAMPLE)).rejects.toThrow('disk full');
    expect(installed(EXAMPLE)).toBeUndefined();
    mkdirSync(join(recipeFolder(EXAMPLE), '.debian-1.partial'), { recursive: true });

    await createInstaller(silent, make).install(EXAMPLE);
    expect(readdirSync(recipeFolder(EXAMPLE)).sort()).toEqual(['current', 'debian']);
  });
});

describe('the lock', () => {
  const holding = (path: string) =>
    execa(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { withLock } from ${JSON.stringify(import.meta.resolve('./lock.ts'))};
         await withLock(${JSON.stringify(path)}, () => {}, async () => {
           console.log('held');
           await new Promise((resolve) => setTimeout(resolve, 60_000));
         });`,
      ],
      { reject: false },
    );

  it('lets one in at a time and names the holder to the other', async () => {
    const path = join(folder, 'lock');
    const order: string[] = [];
    let waitedFor = '';
    const first = withLock(path, silent, async () => {
      order.push('first in');
      await sleep(100);
      order.push('first out');
    });
    await vi.waitFor(() => expect(order).toEqual(['first in']));
    await withLock(
      path,
      (holder) => {
        waitedFor = holder;
      },
      async () => {
        order.push('second in');
      },
    );
    await first;
    expect(order).toEqual(['first in', 'first out', 'second in']);
    expect(waitedFor).toBe(`${process.pid}`);
  });

  it('is free again when its holder is killed', async () => {
    const path = join(folder, 'lock');
    const holder = holding(path);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    let waited = false;
    const entered = withLock(
      path,
      () => {
        waited = true;
      },
      async () => 'entered',
    );
    await vi.waitFor(() => expect(waited).toBe(true));
    holder.kill('SIGKILL');
    expect(await entered).toBe('entered');
    await holder;
    expect(existsSync(path)).toBe(true);
  });

  it('is free again when what it guarded fails', async () => {
    const path = join(folder, 'lock');
    await expect(withLock(path, silent, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(path, silent, async () => 'entered')).toBe('entered');
  });
});
