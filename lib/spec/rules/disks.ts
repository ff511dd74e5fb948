import type { Issue, IssuePath } from '../../issue.ts';
import type { DiskSpec } from '../cluster-spec.ts';
import { finding } from '../issue-codes.ts';
import { eachDuplicate, machinePath, type Rule, type RuleContext, rule } from './rule.ts';

function missingDataDisk({ machines }: RuleContext): readonly Issue[] {
  return machines.flatMap((machine) => {
    if (!machine.runsEtcd || machine.dataDisk !== null) return [];
    const message = `${machine.spec.name} runs etcd, but has no data disk`;
    const hint = 'add dataDisk: {serial: ...} with a disk of its own; `lsblk -o NAME,SERIAL` prints it';
    return [finding('ETCD_DATA_DISK_MISSING', machinePath(machine), message, hint)];
  });
}

function sharedDisk({ machines }: RuleContext): readonly Issue[] {
  return machines.flatMap((machine) => {
    if (machine.installDisk === null || machine.dataDisk === null) return [];
    if (selectorKey(machine.installDisk) !== selectorKey(machine.dataDisk)) return [];
    const field = machine.spec.dataDisk === undefined ? 'installDisk' : 'dataDisk';
    const message = `${machine.spec.name} would have its operating system and its etcd data on one disk`;
    return [
      finding(
        'MACHINE_DISK_SHARED',
        machinePath(machine, field),
        message,
        'give etcd a disk of its own: it waits for every write',
      ),
    ];
  });
}

/** Slots (by-path) look alike on machines of one model; serial numbers and world wide names do not. */
function duplicateDisks({ machines }: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  const disks = machines.flatMap((machine) =>
    (['installDisk', 'dataDisk'] as const).flatMap((field) => {
      const disk = machine[field];
      const isUnique = disk !== null && disk.path?.startsWith('/dev/disk/by-path/') !== true;
      return isUnique ? [{ machine, field, key: selectorKey(disk) }] : [];
    }),
  );
  eachDuplicate(
    disks,
    ({ key }) => key,
    ({ machine, field, key }, first) => {
      if (first.machine === machine) return;
      const isDefault = machine.spec[field] === undefined;
      const path: IssuePath = isDefault ? ['spec', 'machineDefaults', field] : machinePath(machine, field);
      const message = `${machine.spec.name} and ${first.machine.spec.name} select one disk (${key})`;
      const hint = isDefault
        ? 'defaults can name a slot (/dev/disk/by-path/...), not one disk'
        : 'one of the two names another disk';
      issues.push(finding('MACHINE_DISK_DUPLICATE', path, message, hint));
    },
  );
  return issues;
}

/** Text forms of a share or of a disk behind a network: host:/path, //host/share, nfs://, iSCSI and Fibre Channel names. */
const SHARE = /^[a-z+]*:?\/\/|^[\w.-]+:\//i;
const NETWORK_DISK = /\/(?:ip-|.*-?(?:iscsi|fc|nbd|rbd|drbd|fcoe)[-_:0-9])/i;

function networkDisks({ spec, machines }: RuleContext): readonly Issue[] {
  const places: (readonly [DiskSpec | undefined, IssuePath])[] = [
    [spec.machineDefaults.dataDisk, ['spec', 'machineDefaults', 'dataDisk', 'path']],
    ...machines.map((machine) => [machine.spec.dataDisk, machinePath(machine, 'dataDisk', 'path')] as const),
  ];
  return places.flatMap(([disk, path]) => {
    const name = disk?.path;
    if (name === undefined || !(SHARE.test(name) || NETWORK_DISK.test(name))) return [];
    const message = `${name} is reached over the network`;
    const hint =
      'each member needs a local disk of its own: etcd stops when storage is slow, and shared storage breaks it';
    return [finding('ETCD_DATA_ON_NETWORK', path, message, hint)];
  });
}

function selectorKey(disk: DiskSpec): string {
  const [entry] = Object.entries(disk).filter(([, value]) => value !== undefined);
  return `${entry?.[0]} ${entry?.[1]}`;
}

export const diskRules: readonly Rule[] = [
  rule(['etcd', 'machines', 'machineDefaults'], missingDataDisk),
  rule(['etcd', 'machines', 'machineDefaults'], sharedDisk),
  rule(['etcd', 'machines', 'machineDefaults'], duplicateDisks),
  rule(['machineDefaults'], networkDisks),
];
