import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeelwayError } from '../../../lib/errors.ts';
import { nodePorts } from '../../../lib/node-ports.ts';
import { warnIfUnignored } from '../../../lib/secrets/warn-if-unignored.ts';
import { output, temporaryFolder } from '../pki/support.ts';

const { exec } = nodePorts();

async function workTree(ignore: string): Promise<string> {
  const folder = temporaryFolder();
  await output('git', ['init', '--quiet', folder]);
  writeFileSync(join(folder, '.gitignore'), ignore);
  mkdirSync(join(folder, 'clusters'));
  return join(folder, 'clusters', 'secrets.yaml');
}

describe('warnIfUnignored', () => {
  it.each(['secrets.yaml*\n', '/clusters/secrets.yaml*\n', '*\n', 'secrets.yaml\nsecrets.yaml.leaves/\n'])(
    'is silent when Git ignores the bundle and its leaves: %j',
    async (ignore) => {
      expect(await warnIfUnignored(await workTree(ignore), exec)).toEqual({ warnings: [], note: null });
    },
  );

  it.each([
    ['', 'is not ignored'],
    ['*.txt\n', 'is not ignored'],
    ['secrets.yaml\n', 'part of it is not ignored'],
  ])('warns when it does not: %j', async (ignore, expected) => {
    const { warnings } = await warnIfUnignored(await workTree(ignore), exec);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ severity: 'warning', code: 'SECRETS_NOT_IGNORED' });
    expect(warnings[0]?.message).toContain(expected);
    expect(warnings[0]?.hint).toContain('secrets.yaml*');
  });

  it('warns about a bundle that is ignored and committed all the same', async () => {
    const path = await workTree('secrets.yaml*\n');
    writeFileSync(path, 'x');
    await output('git', ['-C', join(path, '..'), 'add', '--force', 'secrets.yaml']);
    expect((await warnIfUnignored(path, exec)).warnings).toHaveLength(1);
  });

  it('is silent outside a work tree', async () => {
    const path = join(temporaryFolder(), 'secrets.yaml');
    expect(await warnIfUnignored(path, exec)).toEqual({ warnings: [], note: null });
  });

  it('says quietly that git is missing, or cannot tell', async () => {
    const missing = { run: () => Promise.reject(new KeelwayError({ code: 'TOOL_MISSING', message: 'no git' })) };
    expect(await warnIfUnignored('secrets.yaml', missing)).toMatchObject({
      warnings: [],
      note: expect.stringContaining('not installed'),
    });
    const failing = { run: async () => ({ exitCode: 128, stdout: '', stderr: 'fatal: detected dubious ownership' }) };
    expect(await warnIfUnignored('secrets.yaml', failing)).toMatchObject({
      warnings: [],
      note: expect.stringContaining('could not say'),
    });
  });
});
