import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperatingSystem } from '../../../lib/model/machine.ts';
import type { MachinePlan } from '../../../lib/plan/machine-plan.ts';
import { cloudConfig, renderCloudInit } from '../../../lib/render/cloud-init.ts';
import { networkConfig } from '../../../lib/render/cloud-init-network.ts';
import { inRoot } from '../../tools/tools.ts';
import { samplePlan } from './sample-plan.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelway-cloud-init-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const isolated: Partial<MachinePlan> = {
  network: { ...samplePlan().network, gateway: null, nameservers: [], searchDomains: [], mtu: null },
};

describe('renderCloudInit', () => {
  it.each<[OperatingSystem, Partial<MachinePlan>]>([
    ['debian', {}],
    ['ubuntu', { packages: ['haproxy', 'bird2'] }],
    ['debian', isolated],
  ])("passes cloud-init's own schemas for %s %#", async (os, changes) => {
    const seed = renderCloudInit(samplePlan(os, changes));
    writeFileSync(join(folder, 'user-data'), seed.userData);
    writeFileSync(join(folder, 'network-config'), seed.networkConfig);
    const user = await inRoot('cloud-init', ['schema', '--config-file', 'user-data'], { cwd: folder });
    expect(user).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Valid schema user-data') });
    const network = await inRoot(
      'cloud-init',
      ['schema', '--config-file', 'network-config', '--schema-type', 'network-config'],
      { cwd: folder },
    );
    expect(network).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Valid schema network-config') });
  });

  it('is read back equal by PyYAML', async () => {
    const plan = samplePlan();
    const seed = renderCloudInit(plan);
    const script = 'import json,sys,yaml; print(json.dumps([yaml.safe_load(t) for t in json.load(sys.stdin)]))';
    const input = JSON.stringify([seed.userData, seed.networkConfig, seed.metaData]);
    const { stdout, stderr } = await inRoot('python3', ['-c', script], { input });
    expect(stderr).toBe('');
    const [user, network, meta] = JSON.parse(stdout) as unknown[];
    expect(user).toEqual(JSON.parse(JSON.stringify(cloudConfig(plan))));
    expect(network).toEqual(networkConfig(plan.network));
    expect(meta).toEqual({
      'instance-id': expect.stringMatching(/^node-1-[0-9a-f]{16}$/),
      'local-hostname': 'node-1',
    });
  });

  it('gives an unchanged configuration the same instance id and a changed one another', () => {
    const first = renderCloudInit(samplePlan()).metaData;
    expect(renderCloudInit(samplePlan()).metaData).toBe(first);
    expect(renderCloudInit(samplePlan('debian', { links: [] })).metaData).not.toBe(first);
    expect(renderCloudInit(samplePlan('debian', isolated)).metaData).not.toBe(first);
  });

  it('lets files of other owners wait until users and packages are there', () => {
    const deferred = cloudConfig(samplePlan()).write_files.filter((file) => file.defer === true);
    expect(deferred.map(({ path, owner }) => [path, owner])).toEqual([
      ['/etc/store/pki/server.key', 'store:store'],
      ['/etc/store/pki/ca.crt', 'root:store'],
    ]);
  });

  it('starts what is enabled at the end without waiting, units below keelway.target through it', () => {
    expect(cloudConfig(samplePlan()).runcmd[0]?.trimEnd().split('\n').slice(-8)).toEqual([
      'ln -sfT /dev/null /etc/systemd/system/swap.target',
      'systemctl daemon-reload',
      'systemctl enable --quiet keelway.target store.service',
      'systemctl disable --quiet idle.service',
      'systemctl stop --no-block swap.target || true',
      'systemctl try-restart --no-block systemd-networkd.service || true',
      'systemctl try-restart --no-block store.service || true',
      'systemctl start --no-block keelway.target',
    ]);
  });
});
