/** The data disk's script on real block devices (loop devices of a sandbox), and its units. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dataDisk } from '../../../lib/components/data-disk.ts';
import { DATA_DISK_LABEL, DATA_DISK_LINK, DATA_DISK_SCRIPT } from '../../../lib/components/data-disk-script.ts';
import type { DiskSelector } from '../../../lib/model/machine.ts';
import { createSandbox, type Sandbox } from '../../harness/sandbox.ts';
import type { RunResult, SandboxProcess } from '../../harness/sandbox-process.ts';
import { unitCommands } from '../../harness/unit-commands.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';

const BY_ID = '/dev/disk/by-id/test';

let sandbox: Sandbox;
const disks: SandboxProcess[] = [];

beforeAll(async () => {
  sandbox = await createSandbox({ subnet: '10.0.0.0/24', machines: [{ name: 'etcd-1', address: '10.0.0.21' }] });
  await sandbox.run('etcd-1', ['mkdir', '-p', '/etc/keelway/bin', '/dev/disk/by-id']);
  await sandbox.run('etcd-1', ['tee', '/etc/keelway/bin/data-disk'], { input: DATA_DISK_SCRIPT });
  // No udev in a sandbox, and nothing to wait for.
  for (const [name, text] of [
    ['udevadm', 'exit 0'],
    ['sleep', 'exit 0'],
  ] as const) {
    await install(name, text);
  }
});
afterAll(async () => await sandbox?.stop());
afterEach(async () => {
  await shell(`umount /mnt /var/lib/etcd 2>/dev/null; rm -rf ${DATA_DISK_LINK} ${BY_ID} /usr/local/bin/lsblk`);
  for (const disk of disks.splice(0)) await disk.stop('SIGKILL');
});

const shell = async (line: string): Promise<string> => {
  const { stdout, stderr } = await sandbox.run('etcd-1', ['sh', '-c', line]);
  return stdout + stderr;
};

async function install(name: string, text: string): Promise<void> {
  await sandbox.run('etcd-1', ['tee', `/usr/local/bin/${name}`], { input: `#!/bin/sh\n${text}\n` });
  await sandbox.run('etcd-1', ['chmod', '0755', `/usr/local/bin/${name}`]);
}

/** A blank disk; it goes when its holder does, for it is detached while it is open. */
async function disk(options: { name?: string; readOnly?: boolean } = {}): Promise<string> {
  const file = `/run/disk-${options.name ?? 'one'}`;
  const attach = `losetup ${options.readOnly ? '--read-only ' : ''}--find --show ${file}`;
  const hold = `rm -f ${file}; truncate -s 128M ${file}; d=$(${attach}); exec 3<$d; losetup -d $d; echo $d; exec /usr/bin/sleep 600 >/dev/null`;
  const holder = await sandbox.start('etcd-1', ['sh', '-c', hold]);
  disks.push(holder);
  const [device] = await holder.waitFor(/\/dev\/loop\d+/);
  if (options.name === undefined) await shell(`ln -sfn ${device} ${BY_ID}`);
  return device;
}

const run = async (kind = 'path', value = BY_ID): Promise<RunResult> =>
  await sandbox.run('etcd-1', ['/bin/sh', '/etc/keelway/bin/data-disk', kind, value], { timeoutMs: 60_000 });

const refused = (why: RegExp) => expect.objectContaining({ exitCode: 1, stderr: expect.stringMatching(why) });

describe('a blank disk', () => {
  it('gets a file system, a label and a link, and keeps what is then written', async () => {
    const device = await disk();
    expect(await run()).toMatchObject({ exitCode: 0 });
    expect(await shell(`readlink ${DATA_DISK_LINK}; blkid -p -s TYPE -s LABEL -o value ${device}`)).toBe(
      `${device}\n${DATA_DISK_LABEL}\next4\n`,
    );
    // Nothing kept for root.
    expect(
      await shell(`dumpe2fs -h ${device} 2>/dev/null | grep -E '^(Reserved block count|Errors behavior)'`),
    ).toMatch(/Errors behavior: +Remount read-only\nReserved block count: +0\n/);
    await shell(`mount ${DATA_DISK_LINK} /mnt && echo kept >/mnt/file && umount /mnt && rm ${DATA_DISK_LINK}`);
    expect(await run()).toMatchObject({ exitCode: 0 });
    expect(await shell(`mount ${DATA_DISK_LINK} /mnt && cat /mnt/file`)).toBe('kept\n');
  });

  it('is left alone when it is read-only', async () => {
    await disk({ readOnly: true });
    expect(await run()).toEqual(refused(/REFUSED: \/dev\/loop\d+ is read-only/));
  });
});

describe('a disk of ours', () => {
  it('is only linked while it is mounted', async () => {
    const device = await disk();
    await run();
    await shell(`mount ${DATA_DISK_LINK} /mnt; rm ${DATA_DISK_LINK}`);
    expect(await run()).toEqual({ exitCode: 0, stdout: '', stderr: '', timedOut: false });
    expect(await shell(`readlink ${DATA_DISK_LINK}`)).toBe(`${device}\n`);
  });

  it('is checked after a crash', async () => {
    const device = await disk();
    await run();
    await shell(`debugfs -w -R 'ssv state 0' ${device}`);
    const { exitCode, stdout } = await run();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/keelway-etcd: recovering journal|not cleanly unmounted|clean/);
  });

  it('is refused when the check cannot mend it', async () => {
    const device = await disk();
    await run();
    await shell(`debugfs -w -R 'clri <2>' ${device}`);
    await shell(`debugfs -w -R 'ssv state 0' ${device}`);
    expect(await run()).toEqual(refused(/needs a hand: fsck\.ext4 -f/));
  });
});

describe('a disk that holds anything else is refused and not touched', () => {
  it.each([
    [
      'a foreign file system',
      'mkfs.ext4 -q -L data DISK',
      /holds ext4 labelled 'data', which Keelway did not make.*wipefs --all/s,
    ],
    ['a file system without a label', 'mkfs.ext4 -q DISK', /holds ext4 labelled ''/],
    ['swap', 'mkswap DISK', /holds swap/],
    ['a GPT', 'echo "label: gpt" | sfdisk -q DISK', /holds a partition table of type gpt/],
    ['a DOS partition table', 'echo "label: dos" | sfdisk -q DISK', /holds a partition table of type dos/],
    ['LUKS', 'printf "LUKS\\272\\276\\000\\001" | dd of=DISK bs=1 conv=notrunc', /REFUSED/],
    [
      'two signatures',
      'mkfs.ext4 -q DISK && printf "LUKS\\272\\276\\000\\001" | dd of=DISK bs=1 conv=notrunc',
      /REFUSED/,
    ],
  ])('%s', async (_, make, why) => {
    const device = await disk();
    await shell(`exec 2>/dev/null; ${make.replaceAll('DISK', device)}; sync ${device}`);
    const before = await shell(`sha256sum ${device}`);
    expect(await run()).toEqual(refused(why));
    expect(await shell(`sha256sum ${device}`)).toBe(before);
    expect(await shell(`ls ${DATA_DISK_LINK} 2>&1`)).toContain('No such file');
  });
});

describe('which disk', () => {
  /** lsblk as it answers for disks with these serial numbers and names; loop devices have none. */
  async function named(found: readonly { device: string; type: string; serial: string; wwn: string }[]): Promise<void> {
    const cases = found.map(
      ({ device, serial, wwn }) =>
        `'SERIAL ${device}') cat <<'END'\n${serial}\nEND\n;; 'WWN ${device}') echo '${wwn}' ;;`,
    );
    await install(
      'lsblk',
      `case "$*" in
*--raw*NAME,TYPE) printf '%s\\n' ${found.map(({ device, type }) => `'${device} ${type}'`).join(' ')}; exit ;;
*--raw*) exec /usr/bin/lsblk "$@" ;;
*NAME,SERIAL,WWN*) echo '/dev/sda  S1   0x1'; exit ;;
esac
while [ $# -gt 2 ]; do shift; done
case "$*" in
${cases.join('\n')}
esac`,
    );
  }

  it.each([
    ['serial', 'ETCD1'],
    ['serial', `odd "one" $x \\1 %n 'two'`],
    ['wwn', 'eui.0025385b71b0a2c3'],
  ])('is found by %s %s among others', async (kind, value) => {
    const device = await disk();
    const other = await disk({ name: 'other' });
    await named([
      { device: other, type: 'disk', serial: 'ETCD10', wwn: 'eui.0025385b71b0a2c4' },
      { device, type: 'disk', serial: kind === 'serial' ? value : 'x', wwn: 'eui.0025385b71b0a2c3' },
      { device: '/dev/md0', type: 'raid1', serial: 'ETCD1', wwn: 'eui.0025385b71b0a2c3' },
    ]);
    const result = await run(kind, value);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(await shell(`readlink ${DATA_DISK_LINK}`)).toBe(`${device}\n`);
    expect(await shell(`blkid -p ${other}`)).toBe('');
  });

  it('is refused when several fit', async () => {
    const device = await disk();
    const other = await disk({ name: 'other' });
    await named([device, other].map((each) => ({ device: each, type: 'disk', serial: 'ETCD1', wwn: '' })));
    expect(await run('serial', 'ETCD1')).toEqual(
      refused(/several disks have the serial ETCD1: \/dev\/loop\d+ \/dev\/loop\d+/),
    );
  });

  it('is refused, with what is there, when none fits', async () => {
    await named([]);
    expect(await run('serial', 'ETCD1')).toEqual(
      refused(/no disk has the serial ETCD1\. There are: \[\/dev\/sda S1 0x1\]/),
    );
    expect(await run('path', '/dev/disk/by-id/none')).toEqual(refused(/no disk has the path/));
  });
});

describe('dataDisk', () => {
  const units = (selector: DiskSelector | null, dataDirectory = '/var/lib/etcd') => {
    const cluster = referenceCluster();
    const context = testContext('etcd-1', { ...cluster, etcd: { ...cluster.etcd, dataDirectory } });
    return dataDisk({ ...context, machine: { ...context.machine, dataDisk: selector } }).units ?? [];
  };

  it('is nothing without a disk', () => {
    expect(units(null)).toEqual([]);
  });

  it.each<DiskSelector>([
    { serial: 'ETCD1' },
    { serial: `odd "one" $x \\1 %n 'two'` },
    { wwn: '0x5002538d40a9b2f1' },
    { path: '/dev/disk/by-path/pci-0000:01:00.0-nvme-1' },
  ])('hands %o to the script as it is', (selector) => {
    const [service] = units(selector);
    const [command] = unitCommands(service?.contents ?? '').start;
    expect(command?.argv).toEqual(['/bin/sh', '/etc/keelway/bin/data-disk', ...(Object.entries(selector)[0] ?? [])]);
  });

  it('mounts by the link that the script makes, at a unit named after the folder', () => {
    const [service, mount] = units({ serial: 'ETCD1' }, '/srv/etcd-data');
    expect(mount?.name).toBe('srv-etcd\\x2ddata.mount');
    expect(mount?.contents).toMatch(/^What=\/run\/keelway\/disks\/etcd\nWhere=\/srv\/etcd-data\nType=ext4$/m);
    expect(mount?.contents).toContain(`Requires=${service?.name}`);
    // Not before local-fs.target, which the service comes after.
    expect(mount?.contents).toContain('DefaultDependencies=no');
  });
});
