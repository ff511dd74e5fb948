import { dirname } from 'node:path';
import { KeelwayError } from '../errors.ts';
import { countIssues } from '../format/format-issues.ts';
import type { Issue } from '../issue.ts';
import type { Cluster } from '../model/cluster.ts';
import type { FilesPort } from '../ports.ts';
import type { ClusterSpec } from '../spec/cluster-spec.ts';
import { locateIssues } from '../spec/locate.ts';
import { parseClusterSpec } from '../spec/parse.ts';
import { resolveCluster } from '../spec/resolve.ts';
import type { SourceDocument } from '../spec/source-document.ts';

/** The parser refuses more than this by itself; reading stops shortly after it. */
const LIMIT_BYTES = 2 * 1024 * 1024;

export interface ClusterFile {
  /** As the user named it; positions in findings carry it. */
  readonly name: string;
  /** Where it is; null: its text was given. */
  readonly path: string | null;
  /** Absolute folder that the paths inside it are relative to. */
  readonly folder: string;
  readonly text: string | Uint8Array;
}

export interface LoadedCluster {
  readonly file: ClusterFile;
  readonly spec: ClusterSpec;
  readonly cluster: Cluster;
  /** Warnings, with positions, in the order of the file. */
  readonly warnings: readonly Issue[];
  readonly source: SourceDocument;
}

/**
 * Reads a cluster file from disk.
 *
 * @param path - Absolute.
 * @param name - What the user called it.
 * @param hint - How to name another one.
 * @throws {@link KeelwayError} `SPEC_NOT_FOUND`, `INPUT_UNREADABLE`.
 */
export async function readClusterFile(
  files: FilesPort,
  path: string,
  name: string,
  hint = 'check the path',
): Promise<ClusterFile> {
  const stat = await files.stat(path);
  if (stat === null) {
    throw new KeelwayError({
      code: 'SPEC_NOT_FOUND',
      message: `there is no cluster file ${name}`,
      hint,
    });
  }
  return { name, path, folder: dirname(path), text: await files.read(path, LIMIT_BYTES) };
}

/**
 * Turns a cluster file into the model, every rule checked.
 *
 * @throws {@link KeelwayError} `SPEC_INVALID` with all findings when there is an error among them, or with `strict` when
 * there is any.
 */
export function loadCluster(file: ClusterFile, options: { readonly strict?: boolean } = {}): LoadedCluster {
  const { spec, issues, source } = parseClusterSpec(file.text, { file: file.name });
  if (spec === null) throw invalidSpec(file.name, issues, false);
  const resolved = resolveCluster(spec);
  const all = locateIssues([...issues, ...resolved.issues], source);
  if (all.some((issue) => issue.severity === 'error')) throw invalidSpec(file.name, all, false);
  if (options.strict && all.length > 0) throw invalidSpec(file.name, all, true);
  return { file, spec, cluster: resolved.cluster, warnings: all, source };
}

/** With `strict` every finding counts as an error. */
export function invalidSpec(name: string, issues: readonly Issue[], strict: boolean): KeelwayError {
  return new KeelwayError({
    code: 'SPEC_INVALID',
    message: `${name} has ${countIssues(issues)}`,
    hint: strict ? '--strict treats warnings as errors' : undefined,
    issues,
  });
}
