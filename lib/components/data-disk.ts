import type { DiskSelector } from '../model/machine.ts';
import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { commandLine, mountUnitName, unitFile } from '../render/systemd.ts';
import { DATA_DISK_LINK, DATA_DISK_SCRIPT } from './data-disk-script.ts';
import { productService, SCRIPT_DIRECTORY, scriptFile } from './product-unit.ts';

export const DATA_DISK_UNIT = 'keelway-data-disk.service';
const SCRIPT = 'data-disk';

/**
 * The disk that etcd keeps its data on: `keelway-data-disk.service` finds and checks it, and makes its file system when it
 * is blank; the mount unit of the data directory puts it in place. Empty for a machine without a data disk.
 *
 * By the link that the service makes, not by label: a second disk with the same label, an old one left plugged in, must not
 * be taken for it.
 */
export function dataDisk({ cluster, machine }: MachineContext): MachinePart {
  if (machine.dataDisk === null) return {};
  const { dataDirectory } = cluster.etcd;
  const mountUnit = mountUnitName(dataDirectory);
  return {
    files: [scriptFile(SCRIPT, DATA_DISK_SCRIPT)],
    units: [
      productService({
        name: DATA_DISK_UNIT,
        description: `Keelway: find and check the disk for ${dataDirectory}`,
        before: [mountUnit],
        service: [
          ['Type', 'oneshot'],
          ['RemainAfterExit', 'yes'],
          [
            'ExecStart',
            commandLine('/bin/sh', [`${SCRIPT_DIRECTORY}/${SCRIPT}`, ...selectorArguments(machine.dataDisk)]),
          ],
          // Making or checking a large file system takes its time.
          ['TimeoutStartSec', '30min'],
          ['StandardOutput', 'journal+console'],
          ['StandardError', 'journal+console'],
        ],
      }),
      {
        name: mountUnit,
        // etcd requires it by its path.
        enabled: false,
        masked: false,
        dropIns: [],
        contents: unitFile({
          Unit: [
            ['Description', `Keelway: etcd's data at ${dataDirectory}`],
            // Without the default order before local-fs.target, which comes long before the disk is looked for.
            ['DefaultDependencies', 'no'],
            ['Requires', DATA_DISK_UNIT],
            ['After', DATA_DISK_UNIT],
            ['Conflicts', 'umount.target'],
            ['Before', 'umount.target'],
          ],
          Mount: [
            ['What', DATA_DISK_LINK],
            ['Where', dataDirectory],
            ['Type', 'ext4'],
            ['Options', 'noatime,nodev,noexec,nosuid'],
          ],
        }),
      },
    ],
  };
}

function selectorArguments(selector: DiskSelector): readonly [kind: string, value: string] {
  if ('serial' in selector) return ['serial', selector.serial];
  if ('wwn' in selector) return ['wwn', selector.wwn];
  return ['path', selector.path];
}
