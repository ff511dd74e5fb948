import * as z from 'zod/mini';
import type { Issue } from '../issue.ts';
import type { LockedAsset } from '../model/cluster.ts';
import { finding } from './issue-codes.ts';
import { located, locateIssues } from './locate.ts';
import { eachDuplicate } from './rules/rule.ts';
import { checkedString, described, type Problem, problemCheck } from './schema/checked.ts';
import { urlProblem } from './schema/url.ts';
import { runSchema } from './schema-findings.ts';
import { showValue } from './show-value.ts';
import type { SourceDocument } from './source-document.ts';
import { readYaml } from './yaml-source.ts';

export interface ParsedAssetLock {
  /** Null when there is an error. */
  readonly assets: readonly LockedAsset[] | null;
  readonly issues: readonly Issue[];
  readonly source: SourceDocument;
}

interface AssetLock {
  readonly apiVersion: 'keelway.dev/v1alpha1';
  readonly kind: 'AssetLock';
  readonly assets: readonly LockedAsset[];
}

const nameField = checkedString({
  pattern: /^(image\/)?[a-z0-9][a-z0-9.-]*$/,
  examples: ['kubelet'],
  problemOf: (text) => {
    if (/^(?:image\/)?[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(text)) return null;
    return invalid(`${showValue(text)} is no name of a program`, 'write a program (kubelet) or image/<name>');
  },
});

const versionField = checkedString({
  pattern: /^\d[0-9A-Za-z.+~-]*$/,
  examples: ['1.36.4'],
  problemOf: (text) => {
    if (/^\d[0-9A-Za-z.+~-]{0,63}$/.test(text)) return null;
    return invalid(`${showValue(text)} is not an exact version`, 'write it without v, for instance 1.36.4');
  },
});

const sha256Field = checkedString({
  pattern: /^[0-9a-f]{64}$/,
  examples: ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  problemOf: (text) => {
    if (/^[0-9a-f]{64}$/.test(text)) return null;
    return invalid(
      `${showValue(text)} is not a SHA-256 digest`,
      'write the 64 lower-case digits that `sha256sum` prints',
    );
  },
});

const memberField = checkedString({
  pattern: /^[^/\s][^\s]*$/,
  examples: ['etcd-v3.6.16-linux-amd64/etcd'],
  problemOf: (text) => {
    const isClean = /^[\w.@+-]+(?:\/[\w.@+-]+)*$/.test(text) && !text.split('/').includes('..');
    return isClean
      ? null
      : invalid(`${showValue(text)} is no path inside an archive`, 'write it as `tar -t` prints it');
  },
});

const asset: z.ZodMiniType<LockedAsset, unknown> = z
  .strictObject({
    name: nameField('Program, or image/<name> for a container image.'),
    version: versionField('Exact version.'),
    architecture: z._default(z.enum(['amd64', 'arm64']), 'amd64'),
    url: z.string(),
    sha256: sha256Field('SHA-256 of the download, or of the image manifest.'),
    kind: z._default(z.enum(['binary', 'tar.gz', 'oci']), 'binary'),
    members: z._default(z.array(memberField('Path inside the archive.')).check(z.maxLength(64)), []),
  })
  .check(problemCheck(assetProblem));

const assetLockSchema: z.ZodMiniType<AssetLock, unknown> = described(
  z.strictObject({
    apiVersion: z.literal('keelway.dev/v1alpha1'),
    kind: z.literal('AssetLock'),
    assets: z.array(asset).check(z.maxLength(1000)),
  }),
  'Downloads of machines whose operating system does not bring every program, by URL and digest.',
);

function invalid(message: string, hint: string): Problem {
  return { code: 'LOCK_INVALID', message, hint };
}

function assetProblem({ name, kind, url, sha256, members }: LockedAsset): Problem | null {
  if (kind === 'oci') return imageProblem(url, sha256);
  const problem = /\s/.test(url)
    ? invalid('the url has white space', 'remove it')
    : urlProblem(url, ['https', 'http'], 'https://mirror.example.com/kubelet');
  if (problem !== null) return problem;
  if (kind === 'tar.gz' && members.length === 0) {
    return invalid(`the archive of ${name} names no members`, 'list the paths of the programs inside it under members');
  }
  if (kind === 'binary' && members.length > 0) {
    return invalid(`${name} is a binary and has no members`, 'remove members, or write kind: tar.gz');
  }
  return null;
}

/** `host[:port]/path[:tag][@sha256:digest]`. */
const IMAGE =
  /^[a-z0-9][a-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::[\w][\w.-]{0,127})?(?:@sha256:([0-9a-f]{64}))?$/;

function imageProblem(url: string, sha256: string): Problem | null {
  const match = url.length > 512 ? null : IMAGE.exec(url);
  if (match === null) {
    return invalid(
      `${showValue(url)} is no image reference`,
      'write host/path:tag, for instance docker.io/library/haproxy:3.2.0',
    );
  }
  if (match[1] === undefined || match[1] === sha256) return null;
  return invalid(
    'the digest in the url is not the sha256 of the entry',
    'write one digest in both places, or leave it out of the url',
  );
}

/**
 * Reads an asset lock: every finding at once, with path, line and column.
 *
 * Untrusted input is bounded as in `parseClusterSpec`; it never throws.
 *
 * @param options.file - Name that positions carry; the file is not opened.
 */
export function parseAssetLock(input: string | Uint8Array, options: { readonly file?: string } = {}): ParsedAssetLock {
  const { value, issues, source } = readYaml(input, options.file ?? 'assets.lock.yaml');
  if (value === undefined) return { assets: null, issues, source };
  const result = runSchema(assetLockSchema, value, source);
  const findings = [...issues, ...result.issues];
  if (findings.length === 0) findings.push(...duplicates(result.value.assets, source));
  if (findings.length > 0) return { assets: null, issues: locateIssues(findings, source), source };
  return { assets: result.value.assets, issues: [], source };
}

function duplicates(assets: readonly LockedAsset[], source: SourceDocument): readonly Issue[] {
  const found: Issue[] = [];
  const entries = assets.map((entry, index) => ({ entry, index }));
  const keyOf = ({ entry }: { entry: LockedAsset }): string =>
    [entry.name, entry.version, entry.architecture].join(' ');
  eachDuplicate(entries, keyOf, ({ entry, index }) => {
    const message = `${entry.name} ${entry.version} for ${entry.architecture} stands twice`;
    found.push(located(finding('LOCK_DUPLICATE', ['assets', index, 'name'], message, 'keep one entry'), source));
  });
  return found;
}
