import { dirname } from 'node:path';
import { KeelwayError } from '../errors.ts';
import { readManifest } from '../output/read-output.ts';
import { leafFolder } from '../pki/leaf-store.ts';
import type { FilesPort } from '../ports.ts';
import { parseDocument } from '../secrets/parse-document.ts';

const LIMIT_BYTES = 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface KubeconfigTarget {
  /** Absolute. */
  readonly path: string;
  /** As the user named it. */
  readonly shown: string;
  readonly clusterName: string;
  /** Whom the new kubeconfig is for, as it stands in it: an operator's never replaces a superuser's, nor the other way round. */
  readonly userName: string;
  /** PEM bundle of the CAs that the new kubeconfig trusts. */
  readonly trust: string;
  /** Files that are in use by this very command: the cluster file, the bundle. */
  readonly inputs: readonly string[];
  /** Of the secrets; nothing is put among the kept certificates. */
  readonly bundlePath: string;
}

/**
 * Makes sure that a kubeconfig can be written without loss: where nothing is, or over an earlier one of this cluster and user.
 *
 * @throws {@link KeelwayError} `OUTPUT_CONFLICT`.
 */
export async function checkKubeconfigTarget(target: KubeconfigTarget, files: FilesPort): Promise<void> {
  const { path, shown } = target;
  if (target.inputs.includes(path)) {
    throw conflict(`${shown} is what the kubeconfig is made from`, 'name another file with -o');
  }
  if (isInside(path, leafFolder(target.bundlePath))) {
    throw conflict(`${shown} lies among the kept certificates`, 'name another file with -o');
  }
  const output = await outputAround(path, files);
  if (output !== null) {
    const why = 'the output is replaced as a whole, and nothing else may lie in it: name another file with -o';
    throw conflict(`${shown} lies in the output folder ${output}`, why);
  }
  const stat = await files.stat(path);
  if (stat === null) return;
  if (stat.type !== 'file') throw conflict(`${shown} is no regular file`, 'name another file with -o');
  if (!isSameCluster(await readOrNull(target, files), target)) {
    throw conflict(
      `${shown} exists and is no kubeconfig that Keelway wrote for ${target.userName} of this cluster ${target.clusterName}`,
      'name another file with -o, or move this one away',
    );
  }
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** The folder above a path that a build wrote; null when there is none. */
async function outputAround(path: string, files: FilesPort): Promise<string | null> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((await readManifest(files, folder)) !== null) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/** What a file says when it is YAML; null for anything else. */
async function readOrNull({ path }: KubeconfigTarget, files: FilesPort): Promise<unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await files.read(path, LIMIT_BYTES));
    return await parseDocument(text, { path, code: 'INPUT_UNREADABLE', hint: '' });
  } catch {
    return null;
  }
}

/** One cluster, one user, one context: whatever a person has merged into the file would be lost. */
function isSameCluster(document: unknown, { clusterName, userName, trust }: KubeconfigTarget): boolean {
  if (memberOf(document, 'kind') !== 'Config') return false;
  const [cluster, user, context] = ['clusters', 'users', 'contexts'].map((key) => {
    const list = memberOf(document, key);
    return Array.isArray(list) && list.length === 1 ? (list[0] as unknown) : null;
  });
  const names = [cluster, user, context].map((entry) => memberOf(entry, 'name'));
  if (names.join(' ') !== `${clusterName} ${userName} ${userName}@${clusterName}`) return false;
  const data = memberOf(memberOf(cluster, 'cluster'), 'certificate-authority-data');
  const known: readonly string[] = trust.match(CERTIFICATE) ?? [];
  const old = typeof data === 'string' ? Buffer.from(data, 'base64').toString('latin1') : '';
  return (old.match(CERTIFICATE) ?? []).some((certificate) => known.includes(certificate));
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function conflict(message: string, hint: string): KeelwayError {
  return new KeelwayError({ code: 'OUTPUT_CONFLICT', message, hint });
}
