import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodePorts } from '../../../lib/node-ports.ts';
import type { OutputFile } from '../../../lib/output/output-file.ts';
import { writeGeneration } from '../../../lib/output/write-generation.ts';
import type { FilesPort } from '../../../lib/ports.ts';

const { files } = nodePorts();
let parent: string;
let out: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'keelway-generation-'));
  out = join(parent, 'ha');
});
afterEach(() => rmSync(parent, { recursive: true }));

function output(text: string): OutputFile[] {
  const outputs = [
    { path: 'plan.json', contents: 'plan\n', secret: false },
    { path: 'machines/cp-1/user-data', contents: text, secret: true },
    { path: 'machines/cp-1/seed.iso', contents: new TextEncoder().encode(text), secret: true },
  ];
  const manifest = {
    kind: 'Manifest',
    cluster: 'ha',
    machines: [],
    outputs: outputs.map(({ path }) => ({ path })),
  };
  return [...outputs, { path: 'manifest.json', contents: `${JSON.stringify(manifest)}\n`, secret: true }];
}

function read(path: string): string {
  return readFileSync(join(out, path), 'utf8');
}

/** Fails at the given call, as a full disk or a killed process would: nothing after it happens. */
function failingAt(call: number): FilesPort {
  let count = 0;
  return new Proxy(files, {
    get(target, name, receiver) {
      const method = Reflect.get(target, name, receiver) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        count += 1;
        if (count >= call) throw new Error('killed');
        return method(...args);
      };
    },
  });
}

describe('writeGeneration', () => {
  it('writes the tree with its modes, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      expect(await writeGeneration(files, out, output('one'))).toBe('written');
    } finally {
      process.umask(before);
    }
    expect(read('machines/cp-1/user-data')).toBe('one');
    expect(statSync(join(out, 'machines/cp-1/user-data')).mode & 0o777).toBe(0o600);
    expect(statSync(join(out, 'plan.json')).mode & 0o777).toBe(0o644);
    expect(statSync(join(out, 'machines/cp-1')).mode & 0o777).toBe(0o700);
    expect(statSync(out).mode & 0o777).toBe(0o700);
  });

  it('does not touch an output that is the same already', async () => {
    await writeGeneration(files, out, output('one'));
    const [target, time] = [readlinkSync(out), statSync(join(out, 'machines/cp-1/seed.iso')).ctimeMs];
    expect(await writeGeneration(files, out, output('one'))).toBe('unchanged');
    expect([readlinkSync(out), statSync(join(out, 'machines/cp-1/seed.iso')).ctimeMs]).toEqual([target, time]);
  });

  it('replaces a changed output and removes the old one', async () => {
    await writeGeneration(files, out, output('one'));
    expect(await writeGeneration(files, out, output('two'))).toBe('written');
    expect(read('machines/cp-1/user-data')).toBe('two');
    expect(readdirSync(join(parent, '.ha.generations'))).toHaveLength(1);
  });

  it.each<[string, () => void]>([
    ['an edited file', () => writeFileSync(join(out, 'machines/cp-1/user-data'), 'edited')],
    ['a file that others may read', () => chmodSync(join(out, 'machines/cp-1/user-data'), 0o644)],
    ['a missing file', () => rmSync(join(out, 'machines/cp-1/seed.iso'))],
    ['a damaged manifest', () => writeFileSync(join(out, 'manifest.json'), '{')],
  ])('repairs %s', async (_, damage) => {
    await writeGeneration(files, out, output('one'));
    damage();
    expect(await writeGeneration(files, out, output('one'))).toBe('written');
    expect(read('machines/cp-1/user-data')).toBe('one');
    expect(existsSync(join(out, 'machines/cp-1/seed.iso'))).toBe(true);
  });

  it('leaves the old output or the new one, whole, wherever it is interrupted', async () => {
    await writeGeneration(files, out, output('one'));
    let failures = 0;
    for (let call = 1; ; call += 1) {
      const text = `run ${call}`;
      const previous = read('machines/cp-1/user-data');
      const finished = await writeGeneration(failingAt(call), out, output(text)).then(
        () => true,
        () => false,
      );
      const [user, iso] = [read('machines/cp-1/user-data'), read('machines/cp-1/seed.iso')];
      expect(user === previous || user === text).toBe(true);
      expect(iso).toBe(user);
      if (finished) break;
      failures += 1;
    }
    expect(failures).toBeGreaterThan(20);
    expect(readdirSync(join(parent, '.ha.generations'))).toHaveLength(1);
  });

  it('takes what it wrote with it when the disk is full, and leaves the old output', async () => {
    await writeGeneration(files, out, output('one'));
    const full: FilesPort = {
      ...files,
      writeNew: async (path, contents, mode) => {
        await files.writeNew(path, contents.slice(0, 1), mode);
        if (path.endsWith('seed.iso')) throw new Error('no space left');
      },
    };
    await expect(writeGeneration(full, out, output('two'))).rejects.toThrow('no space left');
    expect(readdirSync(join(parent, '.ha.generations'))).toEqual(['1']);
    expect(read('machines/cp-1/user-data')).toBe('one');
  });

  it('stops when it is aborted, and leaves the old output', async () => {
    await writeGeneration(files, out, output('one'));
    const controller = new AbortController();
    const watching: FilesPort = {
      ...files,
      writeNew: async (path, contents, mode) => {
        await files.writeNew(path, contents, mode);
        controller.abort();
      },
    };
    const attempt = writeGeneration(watching, out, output('two'), { signal: controller.signal });
    await expect(attempt).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(join(parent, '.ha.generations'))).toEqual(['1']);
    expect(read('machines/cp-1/user-data')).toBe('one');
  });

  it('leaves nothing at all when the first run fails', async () => {
    const full: FilesPort = { ...files, sync: () => Promise.reject(new Error('no space left')) };
    await expect(writeGeneration(full, out, output('one'))).rejects.toThrow('no space left');
    expect(readdirSync(join(parent, '.ha.generations'))).toEqual([]);
    expect(existsSync(out)).toBe(false);
  });

  it('sweeps what killed runs left, whether something changed or not', async () => {
    const store = join(parent, '.ha.generations');
    for (const [text, result] of [
      ['one', 'written'],
      ['one', 'unchanged'],
      ['two', 'written'],
    ] as const) {
      mkdirSync(join(store, '7/machines'), { recursive: true });
      writeFileSync(join(store, '7/machines/half'), 'PRIVATE KEY');
      writeFileSync(join(store, 'link-7'), '');
      writeFileSync(join(store, 'lock'), '4194304 1 - 1 1\n');
      expect(await writeGeneration(files, out, output(text))).toBe(result);
      expect(readdirSync(store)).toEqual([readlinkSync(out).split('/').at(-1)]);
    }
  });

  it('lets runs at the same time take turns', async () => {
    const texts = Array.from({ length: 8 }, (_, index) => `run ${index}`);
    await Promise.all(texts.map(async (text) => await writeGeneration(files, out, output(text))));
    expect(texts).toContain(read('machines/cp-1/user-data'));
    expect(readdirSync(join(parent, '.ha.generations'))).toHaveLength(1);
  });

  it.each<[string, () => void]>([
    ['a file', () => writeFileSync(out, 'mine')],
    ['a folder with something in it', () => mkdirSync(join(out, 'mine'), { recursive: true })],
  ])('refuses to replace %s', async (_, make) => {
    make();
    await expect(writeGeneration(files, out, output('one'))).rejects.toMatchObject({ code: 'OUTPUT_CONFLICT' });
    expect(lstatSync(out).isSymbolicLink()).toBe(false);
  });

  it('refuses a link that is not its own', async () => {
    await files.symlink('/etc', out);
    await expect(writeGeneration(files, out, output('one'))).rejects.toMatchObject({ code: 'OUTPUT_CONFLICT' });
  });

  it('refuses to drop files somebody put into the output', async () => {
    await writeGeneration(files, out, output('one'));
    writeFileSync(join(out, 'machines/notes.txt'), 'mine');
    await expect(writeGeneration(files, out, output('two'))).rejects.toMatchObject({
      code: 'OUTPUT_CONFLICT',
      message: expect.stringContaining('machines/notes.txt'),
    });
    expect(read('machines/notes.txt')).toBe('mine');
  });

  it('takes an empty folder', async () => {
    mkdirSync(out);
    expect(await writeGeneration(files, out, output('one'))).toBe('written');
  });
});
