import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { OperatingSystem } from '../../../lib/model/machine.ts';
import { ignitionConfig, renderIgnition } from '../../../lib/render/ignition.ts';
import { toolPath } from '../../tools/tools.ts';
import { samplePlan } from './sample-plan.ts';

const download = {
  name: 'kubelet',
  version: '1.36.4',
  url: 'https://dl.k8s.io/v1.36.4/bin/linux/amd64/kubelet',
  sha256: 'a'.repeat(64),
  kind: 'binary',
  path: '/var/lib/keelway/assets/kubelet-1.36.4-aaaaaaaaaaaa',
  install: [{ member: 'kubelet', path: '/opt/bin/kubelet' }],
} as const;

describe('renderIgnition', () => {
  it.each<OperatingSystem>(['flatcar', 'fedora-coreos'])('passes the real ignition-validate for %s', (os) => {
    const config = renderIgnition(samplePlan(os, { downloads: [download] }));
    const output = execFileSync(toolPath('ignition-validate'), ['-'], { input: config, encoding: 'utf8' });
    expect(output).toBe('');
  });

  it('is one line of JSON of spec 3.4.0', () => {
    const text = renderIgnition(samplePlan('flatcar'));
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(JSON.parse(text)).toMatchObject({ ignition: { version: '3.4.0' } });
  });

  it('gives every file a mode, an explicit compression and overwrites what the OS has there', () => {
    for (const file of ignitionConfig(samplePlan('flatcar', { downloads: [download] })).storage.files) {
      expect(file).toMatchObject({ mode: expect.any(Number), overwrite: true, contents: { compression: '' } });
    }
  });

  it('keeps secrets 0600, which is 384 in JSON', () => {
    const key = ignitionConfig(samplePlan('flatcar')).storage.files.find(({ path }) => path.endsWith('key.pem'));
    expect(key?.mode).toBe(384);
  });

  it('fetches programs with their hash, and leaves images to the machine', () => {
    const image = { ...download, kind: 'oci', path: '/var/lib/keelway/assets/haproxy' } as const;
    const { files } = ignitionConfig(samplePlan('flatcar', { downloads: [download, image] })).storage;
    expect(files.filter(({ path }) => path.startsWith('/var/lib/keelway/assets/'))).toEqual([
      {
        path: download.path,
        overwrite: true,
        mode: 0o644,
        contents: { source: download.url, compression: '', verification: { hash: `sha256-${'a'.repeat(64)}` } },
      },
    ]);
  });

  it('writes a networkd file on Flatcar', () => {
    const { files } = ignitionConfig(samplePlan('flatcar')).storage;
    const network = files.find(({ path }) => path === '/etc/systemd/network/10-keelway.network');
    expect(decodeURIComponent(network?.contents.source ?? '')).toBe(
      'data:,[Match]\nMACAddress=52:54:00:12:34:56\n\n[Link]\nMTUBytes=1500\n\n' +
        '[Network]\nAddress=10.0.0.31/24\nDNS=10.0.0.1\nDNS=10.0.0.2\nDomains=example.com\nDHCP=no\nIPv6AcceptRA=no\n\n' +
        '[Route]\nDestination=0.0.0.0/0\nGateway=10.0.0.1\n',
    );
  });

  it('writes a NetworkManager profile, readable by root alone, on Fedora CoreOS', () => {
    const { files } = ignitionConfig(samplePlan('fedora-coreos')).storage;
    const network = files.find(({ path }) => path.endsWith('.nmconnection'));
    expect(network?.mode).toBe(0o600);
    expect(decodeURIComponent(network?.contents.source ?? '')).toBe(
      'data:,[connection]\nid=keelway\ntype=ethernet\nautoconnect-priority=100\n\n' +
        '[ethernet]\nmac-address=52:54:00:12:34:56\nmtu=1500\n\n' +
        '[ipv4]\nmethod=manual\naddress1=10.0.0.31/24\ngateway=10.0.0.1\ndns=10.0.0.1;10.0.0.2;\ndns-search=example.com;\n\n' +
        '[ipv6]\nmethod=link-local\n',
    );
  });

  it('delivers a unit with a mode of its own as a file, and enables it', () => {
    const plan = samplePlan('flatcar');
    const [unit] = plan.units.filter(({ enabled, contents }) => enabled && contents !== null);
    if (unit === undefined) throw new Error('no unit');
    const config = ignitionConfig({ ...plan, units: [{ ...unit, mode: 0o600 }] });
    expect(config.systemd.units).toEqual([
      { name: unit.name, enabled: true, ...(unit.dropIns.length > 0 ? { dropins: unit.dropIns } : {}) },
    ]);
    const file = config.storage.files.find(({ path }) => path === `/etc/systemd/system/${unit.name}`);
    expect(file?.mode).toBe(0o600);
    expect(decodeURIComponent(file?.contents.source ?? '')).toBe(`data:,${unit.contents}`);
    const output = execFileSync(toolPath('ignition-validate'), ['-'], {
      input: renderIgnition(plan, config),
      encoding: 'utf8',
    });
    expect(output).toBe('');
  });

  it('says of every unit of ours whether it is enabled, and leaves those of the OS alone', () => {
    const { units } = ignitionConfig(samplePlan('flatcar')).systemd;
    expect(Object.fromEntries(units.map(({ name, enabled, mask }) => [name, mask ? 'masked' : enabled]))).toEqual({
      'keelway.target': true,
      'store.service': true,
      'idle.service': false,
      'swap.target': 'masked',
      'systemd-networkd.service': undefined,
    });
  });
});
