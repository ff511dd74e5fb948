import { createHash } from 'node:crypto';
import type { ImageEntry } from '../../images/archive/image-entry.ts';
import { normalizeEntries } from '../../images/archive/normalize-entries.ts';
import { runOracle } from './oracle.ts';

/** One line for each entry, in the writers' order, with a hash of the contents: easy to compare, and to read in a diff. */
export function summary(entries: readonly ImageEntry[], fields: 'all' | 'no-owner' | 'contents' = 'all'): string[] {
  return normalizeEntries(entries).map(({ path, type, mode, uid, gid, contents, target }) => {
    const owner = fields === 'all' ? ` ${uid}:${gid}` : '';
    const data = type === 'file' ? ` ${contents.length} ${sha256(contents)}` : '';
    const link = type === 'symlink' ? ` -> ${JSON.stringify(target)}` : '';
    const permissions = fields === 'contents' ? '' : ` ${mode.toString(8)}`;
    return `${JSON.stringify(path)} ${type}${permissions}${owner}${data}${link}`;
  });
}

/** The same lines as {@link summary}, as libarchive reads an image or archive. */
export function summaryByBsdtar(image: Uint8Array): string[] {
  const options = '!all,mode,uid,gid,type,size,sha256,link';
  const listing = new TextDecoder().decode(
    runOracle('bsdtar', ['-cf', '-', '--format=mtree', '--options', options, '@-'], { input: image }),
  );
  const lines = listing.split('\n').filter((line) => line.startsWith('./'));
  const types: Record<string, string> = { dir: 'directory', file: 'file', link: 'symlink' };
  return sortedByPath(
    lines.map((line) => {
      const [name = '', ...pairs] = line.trim().split(' ');
      const value = Object.fromEntries(
        pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      );
      const type = types[value.type ?? ''];
      const data = type === 'file' ? ` ${value.size} ${value.sha256digest}` : '';
      const link = type === 'symlink' ? ` -> ${JSON.stringify(octalUnescaped(value.link ?? ''))}` : '';
      const path = octalUnescaped(name.slice(2));
      return {
        path,
        line: `${JSON.stringify(path)} ${type} ${value.mode} ${value.uid}:${value.gid}${data}${link}`,
      };
    }),
  );
}

/** Puts lines into the order of {@link normalizeEntries}. */
function sortedByPath(lines: readonly { path: string; line: string }[]): string[] {
  const order = normalizeEntries(lines.map(({ path }) => ({ path, type: 'directory', mode: 0 }))).map(
    ({ path }) => path,
  );
  const byPath = new Map(lines.map(({ path, line }) => [path, line]));
  return order.map((path) => byPath.get(path) ?? `${path} is missing`);
}

/** Undoes the octal escapes of mtree. */
function octalUnescaped(text: string): string {
  const bytes: number[] = [];
  for (const [part] of text.matchAll(/\\[0-7]{3}|[^\\]/g)) {
    bytes.push(part.length === 4 ? Number.parseInt(part.slice(1), 8) : part.charCodeAt(0));
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
