import { beforeAll, describe, expect, it } from 'vitest';
import { manifestFiles, seed } from '../../../lib/components/seed.ts';
import { ALLOW_CHANGED_FILES } from '../../../lib/components/seed-script.ts';
import { systemTarget } from '../../../lib/components/system-target.ts';
import type { Machine } from '../../../lib/model/machine.ts';
import type { MachineContext, MachinePart } from '../../../lib/plan/machine-plan.ts';
import { unitFiles } from '../../../lib/render/unit-files.ts';
import { referenceCluster, testContext, testMachine } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const UUID = '4c4c4544-0042-3510-8052-b4c04f564231';
const SWAPPED = '44454C4C-4200-1035-8052-B4C04F564231';

function context(changes: Partial<Machine> = {}): MachineContext {
  const machine = testMachine('cp-1', 'control-plane', '10.0.0.11', changes);
  return testContext('cp-1', referenceCluster({ machines: [machine] }));
}

function partsOf(of: MachineContext): MachinePart[] {
  const parts = [
    systemTarget(of),
    seed(of),
    {
      directories: [{ path: '/etc/example', mode: 0o700, owner: 'root', group: 'root' }],
      files: [file('/etc/example/public', 'public\n', 0o644), file('/etc/example/key', 'secret\n', 0o600)],
    },
  ];
  const tree = {
    files: parts.flatMap(({ files, units }) => [...(files ?? []), ...unitFiles(units ?? [])]),
    directories: parts.flatMap(({ directories }) => directories ?? []),
  };
  return [...parts, { files: manifestFiles(of, tree) }];
}

function file(path: string, contents: string, mode: number) {
  return { path, contents, mode, owner: 'root', group: 'root', secret: mode === 0o600 };
}

/** A machine with one network card, a UUID and a serial number, under a host name. */
function machineWith(mac: string, uuid = '', serial = '', hostname = 'cp-1'): string {
  return `
hostname ${hostname}
mount -t tmpfs none /sys/class
mkdir -p /sys/class/net/lo /sys/class/net/eth0 /sys/class/dmi/id
echo 00:00:00:00:00:00 >/sys/class/net/lo/address
echo ${mac} >/sys/class/net/eth0/address
printf '%s\\n' '${uuid}' >/sys/class/dmi/id/product_uuid
printf '%s  \\n' '${serial}' >/sys/class/dmi/id/product_serial
# The script waits half a minute for a network card.
printf '#!/bin/sh\\n' >/usr/local/bin/sleep
chmod 0755 /usr/local/bin/sleep
`;
}

const RUN = 'sh /etc/keelway/bin/seed';
const RIGHT = machineWith('52:54:00:0a:00:0b');

async function run(script: string, changes: Partial<Machine> = {}) {
  const { exitCode, stdout, stderr } = await onMachine(partsOf(context(changes)), script);
  return { exitCode, output: stdout + stderr };
}

describe('identity', () => {
  it('lets the right machine pass', async () => {
    const { exitCode, output } = await run(`${RIGHT}\n${RUN}`);
    expect(output).toContain('this is cp-1');
    expect(exitCode).toBe(0);
  });

  it('finds a real network card', async () => {
    const { exitCode, output } = await run(
      `hostname cp-1; ip link add kw0 type veth peer name kw1; ip link set kw1 address 52:54:00:0a:00:0b; ${RUN}`,
    );
    expect(output).toContain('this is cp-1');
    expect(exitCode).toBe(0);
  });

  it('takes any of several network cards', async () => {
    const macs = ['aa:bb:cc:00:00:01', '52:54:00:0a:00:0b'];
    expect((await run(`${RIGHT}\n${RUN}`, { macs })).exitCode).toBe(0);
  });

  it('refuses another machine, on the console, saying whose configuration it is', async () => {
    const { exitCode, output } = await run(`${machineWith('52:54:00:0a:00:0c')}\n${RUN}`);
    expect(exitCode).toBe(1);
    expect(output).toContain('REFUSED: this configuration is for cp-1, which has a network card 52:54:00:0a:00:0b');
    const unit = seed(context()).units?.[0]?.contents ?? '';
    expect(unit).toContain('StandardError=journal+console');
  });

  it('wants every identity that is given: the UUID too', async () => {
    const machine = machineWith('52:54:00:0a:00:0b', UUID.toUpperCase());
    expect((await run(`${machine}\n${RUN}`, { uuid: UUID })).exitCode).toBe(0);
    const { exitCode, output } = await run(`${machine}\n${RUN}`, { uuid: UUID.replace('4c', '5c') });
    expect(exitCode).toBe(1);
    expect(output).toContain(`whose UUID is 5c4c4544-0042-3510-8052-b4c04f564231; this machine has ${UUID}`);
  });

  it('knows the UUID with its first fields the other way round', async () => {
    expect((await run(`${machineWith('52:54:00:0a:00:0b', SWAPPED)}\n${RUN}`, { uuid: UUID })).exitCode).toBe(0);
  });

  it.each([
    ['VMware-56 4d', 0],
    ["it's; rm -rf", 1],
  ])('compares the serial number %j', async (serial, code) => {
    const { exitCode } = await run(`${machineWith('52:54:00:0a:00:0b', '', 'VMware-56 4d')}\n${RUN}`, { serial });
    expect(exitCode).toBe(code);
  });

  it('needs no network card where only the serial number identifies', async () => {
    const machine = machineWith('aa:bb:cc:00:00:01', '', 'S1');
    expect((await run(`${machine}\n${RUN}`, { macs: [], serial: 'S1' })).exitCode).toBe(0);
  });

  it('refuses another host name', async () => {
    const { exitCode, output } = await run(`${machineWith('52:54:00:0a:00:0b', '', '', 'dhcp-17')}\n${RUN}`);
    expect(output).toContain('the host name must be cp-1, not dhcp-17');
    expect(exitCode).toBe(1);
  });
});

describe('files', () => {
  const cases: [string, string, string][] = [
    ['a changed file', 'echo more >>/etc/example/public', '/etc/example/public: FAILED'],
    ['a missing file', 'rm /etc/example/public', '/etc/example/public'],
    ['a secret that others may read', 'chmod 0644 /etc/example/key', 'should be: 600 root:root /etc/example/key'],
    ['another owner', 'chown daemon /etc/example/key', 'should be: 600 root:root /etc/example/key'],
    ['a folder that others may enter', 'chmod 0755 /etc/example', 'should be: 700 root:root /etc/example'],
    ['a changed unit', 'echo >>/etc/systemd/system/keelway.target', '/etc/systemd/system/keelway.target: FAILED'],
    ['a list that was cut off', 'sed -i 1d /etc/keelway/manifest.sha256', 'not the one that was delivered'],
    ['an identity that was cut off', 'sed -i "\\$d" /etc/keelway/identity', 'manifest'],
    ['a missing list', 'rm /etc/keelway/manifest.modes', '/etc/keelway/manifest.modes'],
  ];

  it.each(cases)('refuses %s', async (_, change, message) => {
    const { exitCode, output } = await run(`${RIGHT}\n${change}\n${RUN}`);
    expect(output).toContain(message);
    expect(output).not.toContain('every file is as delivered');
    expect(exitCode).not.toBe(0);
  });

  it('starts with changed files when an administrator says so, and says it', async () => {
    const { exitCode, output } = await run(
      `${RIGHT}\necho more >>/etc/example/public\ntouch ${ALLOW_CHANGED_FILES}\n${RUN}`,
    );
    expect(exitCode).toBe(0);
    expect(output).toContain('/etc/example/public: FAILED');
    expect(output).toContain('WARNING: starting with changed files');
  });

  it('never starts the wrong machine, whatever an administrator says', async () => {
    const { exitCode } = await run(`${machineWith('52:54:00:0a:00:0c')}\ntouch ${ALLOW_CHANGED_FILES}\n${RUN}`);
    expect(exitCode).toBe(1);
  });

  it('changes nothing and passes again', async () => {
    const { exitCode } = await run(`${RIGHT}\n${RUN} && ${RUN}`);
    expect(exitCode).toBe(0);
  });
});

describe('manifestFiles', () => {
  let manifest = '';
  let identity = '';
  beforeAll(() => {
    const files = partsOf(context()).flatMap((part) => part.files ?? []);
    manifest = files.find(({ path }) => path === '/etc/keelway/manifest.sha256')?.contents ?? '';
    identity = files.find(({ path }) => path === '/etc/keelway/identity')?.contents ?? '';
  });

  it('lists every file but the list and the identity, which holds the hash of the list', () => {
    const paths = manifest.split('\n').map((line) => line.slice(66));
    expect(paths).toContain('/etc/keelway/manifest.modes');
    expect(paths).toContain('/etc/systemd/system/keelway-seed.service');
    expect(paths).not.toContain('/etc/keelway/identity');
    expect(paths).not.toContain('/etc/keelway/manifest.sha256');
    expect(identity).toMatch(/\nmanifest='[0-9a-f]{64}'\n$/);
  });

  it('shows nobody but root the hash of a file that holds a password', async () => {
    const { output } = await run(
      `hash=$(sha256sum </etc/example/key | cut -d ' ' -f 1)
setpriv --reuid 1000 --regid 1000 --clear-groups find /etc/keelway -type f -readable -printf '%p\\n' -exec grep -l "$hash" {} + | sort | tr '\\n' ' '
grep -rl "$hash" /etc/keelway`,
    );
    expect(output).toContain('/etc/keelway/identity /etc/keelway/manifest.modes');
    expect(output.replace(/^.*? (?=\/etc\/keelway\/manifest\.sha256)/s, '')).toBe('/etc/keelway/manifest.sha256\n');
  });
});
