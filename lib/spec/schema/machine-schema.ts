import * as z from 'zod/mini';
import type { DiskSpec, MachineDefaultsSpec, MachineSpec, TaintSpec } from '../cluster-spec.ts';
import { described, problemCheck } from './checked.ts';
import { dnsLabelField, ipv4Field, macField } from './fields.ts';
import { diskPathField, interfaceField, serialField, uuidField, wwnField } from './text-fields.ts';

const DISK_HINT = 'write exactly one of serial, wwn and path; `lsblk -o NAME,SERIAL,WWN` prints them';

/** A disk by a name that survives a reboot. */
function diskSchema(description: string): z.ZodMiniOptional<z.ZodMiniType<DiskSpec, DiskSpec>> {
  const disk = z
    .strictObject({
      serial: z.optional(serialField('Serial number of the disk, as `lsblk -o SERIAL` prints it.')),
      wwn: z.optional(wwnField('World wide name of the disk, as `lsblk -o WWN` prints it.')),
      path: z.optional(diskPathField('Absolute path below /dev/disk/by-id or /dev/disk/by-path.')),
    })
    .check(
      problemCheck((value: DiskSpec) => {
        const count = Object.values(value).filter((field) => field !== undefined).length;
        if (count === 1) return null;
        return { code: 'SPEC_DISK_INVALID', message: `${count} selectors for one disk`, hint: DISK_HINT };
      }),
    );
  return z.optional(described(disk, description, { minProperties: 1, maxProperties: 1 }));
}

const os = z.enum(['debian', 'ubuntu', 'flatcar', 'fedora-coreos']);
const osText =
  "Operating system: debian is Keelway's own node image, ubuntu takes cloud-init, flatcar and fedora-coreos take Ignition.";

const taint: z.ZodMiniType<TaintSpec, unknown> = described(
  z.strictObject({
    key: described(z.string(), 'Taint key, for instance dedicated or example.com/dedicated.'),
    value: described(z._default(z.string(), ''), 'Taint value.'),
    effect: described(z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']), 'What the taint does to pods.'),
  }),
  'A taint that the kubelet registers its node with.',
);

const labels = z.optional(
  described(
    z.record(z.string(), z.string()),
    'Labels that the kubelet sets on its own node. Machines and machineDefaults merge key by key.',
  ),
);
const taints = z.optional(
  described(z.array(taint).check(z.maxLength(64)), 'Taints that the kubelet registers its node with.'),
);
const interfaceText =
  'Kernel name of the network interface with the node address; without it the first MAC address decides.';
const installText = 'Disk that the operating system is installed on.';
const dataText = 'Disk that holds the etcd data directory; only for machines that run etcd.';

export const machineDefaultsSchema: z.ZodMiniType<MachineDefaultsSpec, unknown> = z.prefault(
  described(
    z.strictObject({
      os: z._default(described(os, osText), 'debian'),
      interface: z.optional(interfaceField(interfaceText)),
      installDisk: diskSchema(installText),
      dataDisk: diskSchema(dataText),
      labels,
      taints,
    }),
    'Values for every machine whose role can use them; what a machine says itself wins.',
  ),
  {},
);

export const machineSchema: z.ZodMiniType<MachineSpec, unknown> = described(
  z.strictObject({
    name: dnsLabelField('Host name and node name: a DNS label.'),
    role: described(z.enum(['control-plane', 'etcd', 'worker']), 'What the machine runs.'),
    address: ipv4Field('Node address, inside the node subnet.'),
    mac: z.optional(macField('MAC address of the interface with the node address.')),
    macs: z.optional(
      described(
        z.array(macField('MAC address.')).check(z.minLength(1), z.maxLength(16)),
        'All MAC addresses, the one of the node address first; instead of mac.',
      ),
    ),
    uuid: z.optional(uuidField('SMBIOS system UUID, in lower case.')),
    serial: z.optional(serialField('SMBIOS system serial number.')),
    interface: z.optional(interfaceField(interfaceText)),
    os: z.optional(described(os, osText)),
    installDisk: diskSchema(installText),
    dataDisk: diskSchema(dataText),
    labels,
    taints,
  }),
  'One machine of the rack. At least one of mac, macs, uuid and serial identifies it.',
);
