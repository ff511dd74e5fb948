import type { ImageEntry } from '../../images/archive/image-entry.ts';
import { writeCpio } from '../../images/archive/write-cpio.ts';
import { writeIso9660 } from '../../images/iso/write-iso9660.ts';
import { KeelwayError } from '../errors.ts';
import type { MachinePlan } from '../plan/machine-plan.ts';
import type { CloudInitSeed } from '../render/cloud-init.ts';
import { networkFiles } from '../render/network-files.ts';

const SEED_FOLDER = 'var/lib/cloud/seed/nocloud';

/** A NoCloud seed in the two shapes a machine can get it in. Both hold secrets. */
export interface CloudInitMedia {
  /** A disc image with the label that cloud-init looks for. */
  readonly iso: Uint8Array;
  /** An archive that follows the initrd: cloud-init finds its seed folder without looking for a disc. */
  readonly cpio: Uint8Array;
}

/**
 * Packs a NoCloud seed.
 *
 * @param createdSeconds - Time of every entry, Unix seconds.
 * @see https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
 */
export function cloudInitMedia(seed: CloudInitSeed, createdSeconds: number): CloudInitMedia {
  const entries = [
    entry('meta-data', seed.metaData),
    entry('network-config', seed.networkConfig),
    entry('user-data', seed.userData),
  ];
  const inInitrd = entries.map((member) => ({ ...member, path: `${SEED_FOLDER}/${member.path}` }));
  return {
    iso: writeIso9660(entries, { volumeId: 'CIDATA', createdSeconds }),
    cpio: writeCpio(inInitrd, { createdSeconds }),
  };
}

/**
 * An Ignition configuration as a cpio archive that follows the initrd of the machine's OS, under the name that its
 * Ignition reads there.
 *
 * Fedora CoreOS also gets the network settings for the initrd itself, so that Ignition can fetch what the configuration
 * names.
 *
 * @throws {@link KeelwayError} `PLAN_UNSUPPORTED` for an OS without Ignition.
 */
export function ignitionCpio(plan: MachinePlan, ignition: string, createdSeconds: number): Uint8Array {
  return writeCpio(ignitionEntries(plan, ignition), { createdSeconds });
}

function ignitionEntries(plan: MachinePlan, ignition: string): ImageEntry[] {
  switch (plan.machine.os) {
    case 'flatcar':
      return [entry('usr/share/oem/config.ign', ignition)];
    case 'fedora-coreos':
      return [
        entry('config.ign', ignition),
        ...networkFiles(plan).map(({ path, contents }) => {
          return entry(`etc/coreos-firstboot-network/${path.slice(path.lastIndexOf('/') + 1)}`, contents);
        }),
      ];
    case 'debian':
    case 'ubuntu':
      throw new KeelwayError({
        code: 'PLAN_UNSUPPORTED',
        message: `${plan.machine.name}: ${plan.machine.os} does not read Ignition configurations`,
      });
  }
}

function entry(path: string, text: string): ImageEntry {
  return { path, type: 'file', mode: 0o600, contents: new TextEncoder().encode(text) };
}
