import { bgpPassword } from '../components/bgp-password.ts';
import { requireLockedPrograms } from '../model/locked-programs.ts';
import type { FilesPort } from '../ports.ts';
import type { LoadedCluster } from './load-cluster.ts';
import { withPositions } from './plan-build.ts';
import { bgpPasswordFiles, readInputs } from './read-inputs.ts';

/**
 * Checks what a cluster file names beside itself, as a build would: files can be read, passwords are usable, every
 * program that a machine needs is locked.
 *
 * @throws {@link KeelwayError} `INPUT_UNREADABLE`, `SPEC_INVALID`, `ASSET_LOCK_INVALID`, `ASSET_NOT_LOCKED`; findings have
 * their position in the cluster file.
 */
export async function checkInputs(loaded: LoadedCluster, files: FilesPort): Promise<void> {
  const { cluster, source } = loaded;
  try {
    const inputs = await readInputs(loaded, files);
    for (const { name, path } of bgpPasswordFiles(cluster)) bgpPassword(inputs, name, path);
    requireLockedPrograms(cluster, inputs);
  } catch (error) {
    throw withPositions(error, source);
  }
}
