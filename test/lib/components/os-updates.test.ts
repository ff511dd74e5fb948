import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { osUpdates } from '../../../lib/components/os-updates.ts';
import { planMachine } from '../../../lib/plan/plan-cluster.ts';
import { renderIgnition } from '../../../lib/render/ignition.ts';
import { inRoot, toolPath } from '../../tools/tools.ts';
import { LOCKED_ASSETS, referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';

describe('osUpdates', () => {
  it.each([
    ['flatcar', ['locksmithd.service', 'update-engine.service']],
    ['fedora-coreos', ['zincati.service']],
  ] as const)('leaves no service on %s that restarts the machine, by the real Ignition', async (os, services) => {
    const context = testContext('cp-1', referenceCluster({}, os), testInputs({ assets: LOCKED_ASSETS }));
    const plan = planMachine(context);
    // What the lock names would be downloaded.
    const units = plan.units.filter(({ masked }) => masked);
    const bare = { ...plan, units, downloads: [], files: [], directories: [], users: [], links: [] };
    const folder = mkdtempSync(join(tmpdir(), 'keelway-updates-'));
    try {
      writeFileSync(join(folder, 'config.ign'), renderIgnition(bare));
      const { exitCode, stderr } = await inRoot(
        'sh',
        [
          '-c',
          `mkdir -p /exchange/root/etc/selinux /stub && echo SELINUXTYPE=targeted >/exchange/root/etc/selinux/config
printf '#!/bin/sh\\n' >/stub/setfiles && chmod 0755 /stub/setfiles
export PATH=/stub:$PATH IGNITION_CONFIG_FILE=/exchange/config.ign
for stage in fetch files; do /ignition --log-to-stdout --platform=file --stage=$stage --root=/exchange/root --config-cache=/c --neednet=/n --state-file=/s; done`,
        ],
        {
          binds: [
            { from: folder, to: '/exchange' },
            { from: toolPath('ignition'), to: '/ignition', readOnly: true },
          ],
        },
      );
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
      for (const service of services) {
        expect(readlinkSync(join(folder, 'root/etc/systemd/system', service))).toBe('/dev/null');
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(['debian', 'ubuntu'] as const)('has nothing to turn off on %s', (os) => {
    const context = testContext('cp-1', referenceCluster({}, os), testInputs({ assets: LOCKED_ASSETS }));
    expect(osUpdates(context)).toEqual({ units: [] });
  });
});
