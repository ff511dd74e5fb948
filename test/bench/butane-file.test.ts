import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ignitionConfig } from '../../lib/render/ignition.ts';
import { buildExample } from '../harness/build-example.ts';
import { toolPath } from '../tools/tools.ts';
import { butaneFile, requireSameFiles } from './butane-file.ts';

it('butane makes of the same files, written down for it, what Keelway renders: the benchmark compares like with like', async () => {
  const { plan } = await buildExample('ha');
  const folder = mkdtempSync(join(tmpdir(), 'keelway-butane-'));
  try {
    for (const machine of plan.machines) {
      const file = join(folder, `${machine.hostname}.bu`);
      writeFileSync(file, butaneFile(machine));
      const { status, stdout, stderr } = spawnSync(toolPath('butane'), ['--strict', file], {
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      requireSameFiles(JSON.parse(stdout), ignitionConfig(machine));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
