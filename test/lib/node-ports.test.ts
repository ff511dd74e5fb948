import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodePorts } from '../../lib/node-ports.ts';
import { temporaryFolder } from './pki/support.ts';

const { files, exec, random, clock } = nodePorts();
const text = (contents: string): Uint8Array => new TextEncoder().encode(contents);

describe('files', () => {
  it('reads a file up to its limit and no further', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, 'hello');
    expect(await files.read(path, 5)).toEqual(Buffer.from('hello'));
    await expect(files.read(path, 4)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    writeFileSync(path, '');
    expect(await files.read(path)).toHaveLength(0);
  });

  it('refuses a huge file without reading it, and an endless one after its limit', async () => {
    const path = join(temporaryFolder(), 'huge');
    writeFileSync(path, '');
    truncateSync(path, 8 * 2 ** 30);
    const before = process.memoryUsage().rss;
    for (const endless of [path, '/dev/zero']) {
      await expect(files.read(endless, 1024 * 1024)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  });

  it('says why something cannot be read', async () => {
    const folder = temporaryFolder();
    const missing = join(folder, 'missing');
    for (const attempt of [files.read(missing), files.list(missing)]) {
      await expect(attempt).rejects.toMatchObject({
        code: 'INPUT_UNREADABLE',
        message: `cannot read ${missing}: it does not exist`,
      });
    }
    await expect(files.read(folder)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('folder'),
    });
  });

  it('tells what a path is, links not followed', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'hello', { mode: 0o640 });
    symlinkSync('file', join(folder, 'link'));
    expect(await files.stat(join(folder, 'file'))).toEqual({ type: 'file', mode: 0o640, sizeBytes: 5 });
    expect(await files.stat(folder)).toMatchObject({ type: 'directory' });
    expect(await files.stat(join(folder, 'link'))).toMatchObject({ type: 'symlink' });
    expect(await files.stat('/dev/null')).toMatchObject({ type: 'other' });
    expect(await files.stat(join(folder, 'missing'))).toBeNull();
    expect(await files.readLink(join(folder, 'link'))).toBe('file');
    expect(await files.readLink(join(folder, 'file'))).toBeNull();
    expect(await files.list(folder)).toEqual(['file', 'link']);
  });

  it('writes whole files with the mode that was asked for, whatever the umask', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    const umask = process.umask(0o077);
    try {
      await files.writeAtomic(path, text('one'), 0o644);
      await files.writeAtomic(path, text('two'), 0o600);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      await files.writeNew(join(folder, 'new'), 'three', 0o644);
      expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o644);
      await files.makeDirectory(join(folder, 'a', 'b'), 0o755);
      expect(statSync(join(folder, 'a', 'b')).mode & 0o777).toBe(0o755);
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(folder)).toEqual(['a', 'file', 'new']);
  });

  it('leaves what was there, and no temporary file, when it cannot write', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    await expect(files.writeAtomic(join(folder, 'taken'), text('x'), 0o600)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
    writeFileSync(join(folder, 'file'), 'precious');
    await expect(files.writeNew(join(folder, 'file'), 'x', 0o600)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await expect(files.writeAtomic(join(folder, 'no', 'file'), text('x'), 0o600)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
    expect(readdirSync(folder)).toEqual(['file', 'taken']);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious');
  });

  it('removes a link, not what it names', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'hello');
    await files.symlink('file', join(folder, 'link'));
    await files.remove(join(folder, 'link'));
    await files.remove(join(folder, 'missing'));
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

describe('exec', () => {
  it('gives output, errors and exit code of a program as they are', async () => {
    const script = 'cat; echo "$GREETING" >&2; pwd; exit 3';
    const folder = temporaryFolder();
    const options = { cwd: folder, input: 'in\n', environment: { GREETING: 'hello' } };
    expect(await exec.run('sh', ['-c', script], options)).toEqual({
      exitCode: 3,
      stdout: `in\n${folder}\n`,
      stderr: 'hello\n',
    });
  });

  it('runs no shell', async () => {
    expect((await exec.run('printf', ['%s', '$(id) `id` ; *'])).stdout).toBe('$(id) `id` ; *');
  });

  it('tells a missing program from a missing folder', async () => {
    await expect(exec.run('no-such-program', [])).rejects.toMatchObject({ code: 'TOOL_MISSING' });
    await expect(exec.run('true', [], { cwd: '/no/such/folder' })).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  });

  it('ends a program that is aborted', async () => {
    const signal = AbortSignal.timeout(50);
    const start = performance.now();
    await expect(exec.run('sleep', ['30'], { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('clock and random', () => {
  it('count whole seconds and give as many bytes as asked', () => {
    expect(Math.abs(clock.nowSeconds() - Date.now() / 1000)).toBeLessThan(2);
    expect(Number.isInteger(clock.nowSeconds())).toBe(true);
    expect(random.bytes(32)).toHaveLength(32);
    expect(random.bytes(32)).not.toEqual(random.bytes(32));
  });
});
