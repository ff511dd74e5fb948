import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepProgramLogs, lastProgramLines, programLogPath } from '../../../../lib/lab/programs/program-logs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hl-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fail(error: Error): void {
  throw error;
}

describe('keepProgramLogs', () => {
  it('keeps what each program says, for its owner alone', () => {
    const keep = keepProgramLogs(folder, fail);
    keep('etcd-1', 'etcd.service', 'one\n');
    keep('etcd-1', 'etcd.service', 'two\n');
    keep('cp-1', 'bird.service', 'other\n');
    expect(lastProgramLines(folder, 'etcd-1', 'etcd.service')).toBe('one\ntwo\n');
    expect(statSync(programLogPath(folder, 'etcd-1', 'etcd.service')).mode & 0o777).toBe(0o600);
  });

  it('takes two files of 8 MiB at most', () => {
    const keep = keepProgramLogs(folder, fail);
    const text = 'x'.repeat(1024 * 1024);
    for (let count = 0; count < 40; count += 1) keep('cp-1', 'chatty', text);
    const path = programLogPath(folder, 'cp-1', 'chatty');
    const sizes = [path, `${path}.1`].map((each) => statSync(each).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(9 * 1024 * 1024 + 1);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  it('ends nothing when it cannot be written, and says so once', () => {
    const errors: Error[] = [];
    const keep = keepProgramLogs(join(folder, 'no-folder'), (error) => errors.push(error));
    writeFileSync(join(folder, 'no-folder'), '');
    for (const word of ['one', 'two']) keep('cp-1', 'etcd.service', word);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('ENOTDIR')]);
  });
});
