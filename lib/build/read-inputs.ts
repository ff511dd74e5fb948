import { resolve } from 'node:path';
import { KeelwayError } from '../errors.ts';
import type { Issue, IssuePath } from '../issue.ts';
import type { Cluster, ClusterInputs, LockedAsset } from '../model/cluster.ts';
import type { FilesPort } from '../ports.ts';
import { parseAssetLock } from '../spec/asset-lock.ts';
import type { LoadedCluster } from './load-cluster.ts';

/** Passwords and CA bundles are small. */
const LIMIT_BYTES = 256 * 1024;
const LOCK_LIMIT_BYTES = 1024 * 1024;

/**
 * Reads everything that planning needs beside the cluster file and its secrets: the files it names and the asset lock.
 *
 * @throws {@link KeelwayError} `INPUT_UNREADABLE`, `ASSET_LOCK_INVALID` with every finding about the lock.
 */
export async function readInputs(loaded: LoadedCluster, files: FilesPort): Promise<ClusterInputs> {
  const { cluster, spec, file } = loaded;
  const texts = await readInputFiles(cluster, file.folder, files);
  return { files: texts, assets: await readLock(spec.spec.assets.lock, file.folder, files) };
}

/** No lock is fine until a machine needs a program from it. */
async function readLock(name: string, folder: string, files: FilesPort): Promise<readonly LockedAsset[]> {
  const path = resolve(folder, name);
  if ((await files.stat(path)) === null) return [];
  const { assets, issues } = parseAssetLock(await files.read(path, LOCK_LIMIT_BYTES), { file: name });
  if (assets !== null) return assets;
  throw new KeelwayError({
    code: 'ASSET_LOCK_INVALID',
    message: `the asset lock ${name} has ${issues.length === 1 ? 'a fault' : `${issues.length} faults`}`,
    issues,
  });
}

export interface NamedFile {
  /** As written in the cluster file. */
  readonly name: string;
  /** Where the cluster file names it. */
  readonly path: IssuePath;
}

/**
 * Reads the files that a cluster file names: BGP passwords and registry CAs.
 *
 * @param folder - What their paths are relative to; absolute.
 * @returns Texts by path as written.
 * @throws {@link KeelwayError} `INPUT_UNREADABLE` with one issue for each file that cannot be read.
 */
export async function readInputFiles(
  cluster: Cluster,
  folder: string,
  files: FilesPort,
): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = {};
  const issues: Issue[] = [];
  for (const { name, path } of namedFiles(cluster)) {
    if (texts[name] !== undefined) continue;
    try {
      const bytes = await files.read(resolve(folder, name), LIMIT_BYTES);
      texts[name] = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      issues.push({ severity: 'error', code: 'INPUT_UNREADABLE', path, message: reasonOf(error, name) });
    }
  }
  if (issues.length === 0) return texts;
  throw new KeelwayError({
    code: 'INPUT_UNREADABLE',
    message: `the cluster file names ${issues.length === 1 ? 'a file' : `${issues.length} files`} that cannot be read`,
    hint: 'paths are relative to the cluster file',
    issues,
  });
}

function namedFiles(cluster: Cluster): NamedFile[] {
  const authorities = cluster.registries.map((mirror, index) => ({
    name: mirror.caFile,
    path: ['spec', 'registries', index, 'caFile'],
  }));
  return [...bgpPasswordFiles(cluster), ...authorities.filter(isNamed)];
}

/** The files with BGP passwords, and where the cluster file names them. */
export function bgpPasswordFiles(cluster: Cluster): NamedFile[] {
  const bgp = cluster.controlPlane.vip?.bgp ?? null;
  const place: IssuePath = ['spec', 'controlPlane', 'vip', 'bgp'];
  const files = [
    { name: bgp?.passwordFile ?? null, path: [...place, 'passwordFile'] },
    ...(bgp?.routers ?? []).map((router, index) => ({
      name: router.passwordFile,
      path: [...place, 'routers', index, 'passwordFile'],
    })),
  ];
  return files.filter(isNamed);
}

function isNamed<File extends { readonly name: string | null }>(file: File): file is File & { readonly name: string } {
  return file.name !== null;
}

function reasonOf(error: unknown, name: string): string {
  if (error instanceof KeelwayError) return error.message;
  return `${name} is not UTF-8 text`;
}
