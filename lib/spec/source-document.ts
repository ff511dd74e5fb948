import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { IssuePath, SourcePosition } from '../issue.ts';

/** A parsed text that knows where its values stand. */
export interface SourceDocument {
  readonly file: string;
  /**
   * Place of the value at a path, or of its key.
   *
   * Mappings, lists and absent values are shown by the key that holds them, or by the nearest ancestor that exists.
   */
  locate(path: IssuePath, part?: 'key' | 'value'): SourcePosition;
  /** Place of an offset in UTF-16 code units. */
  at(offset: number): SourcePosition;
  /** A scalar as it is written (`1.30`, which as a number is 1.3); null when there is none at the path. */
  textAt(path: IssuePath): string | null;
}

/** @param text - Without byte order mark; lines end with LF or CRLF. */
export function createSourceDocument(file: string, text: string, root: Node | null): SourceDocument {
  let starts: readonly number[] | null = null;
  const hidesKeys = text.includes('PRIVATE KEY');
  const at = (offset: number): SourcePosition => {
    starts ??= lineStarts(text);
    const index = lastIndexAtMost(starts, offset);
    const start = starts[index] ?? 0;
    const end = starts[index + 1] ?? text.length + 1;
    const line = text.slice(start, Math.min(end, start + MAX_LINE)).replace(/\r?\n?$/, '');
    return { file, line: index + 1, column: offset - start + 1, ...excerptOf(line, offset - start, hidesKeys) };
  };
  return {
    file,
    at,
    locate: (path, part = 'value') => at(offsetOf(root, path, part)),
    textAt: (path) => {
      const node = step(root, path).node;
      return isScalar(node) && typeof node.source === 'string' ? node.source : null;
    },
  };
}

const MAX_LINE = 2 ** 20;
const WIDTH = 120;
/** Text before the window that is looked at too, so that a secret across its edge is seen whole. */
const MARGIN = 1024;

/** A window of the line around the column; secrets and control characters are replaced one for one, so columns stay. */
function excerptOf(line: string, column: number, hidesKeys: boolean): { excerpt: string; excerptColumn?: number } {
  const from = column < WIDTH - 10 ? 0 : column - 40;
  const before = Math.max(0, from - MARGIN);
  const window = mask(line.slice(before, from + WIDTH + MARGIN), hidesKeys).slice(from - before, from - before + WIDTH);
  const tail = line.length > from + WIDTH ? '...' : '';
  if (from === 0) return { excerpt: window + tail };
  return { excerpt: `...${window}${tail}`, excerptColumn: column - from + 4 };
}

const URL_SECRET = /(:\/\/)([^/@\s]*)(?=@)/g;
const FIELD_SECRET =
  /((?:password|passphrase|secret|token|private-?_?key|api-?_?key)["']?\s*[:=]\s*)("[^"]*"?|'[^']*'?|[^\s,}\]]+)/gi;

function mask(text: string, hidesKeys: boolean): string {
  const hide = (_: string, start: string, secret: string): string => start + '*'.repeat(secret.length);
  let masked = text.replaceAll(URL_SECRET, hide).replaceAll(FIELD_SECRET, hide);
  if (hidesKeys) masked = masked.replaceAll(/[A-Za-z0-9+/=]{16,}/g, (run) => '*'.repeat(run.length));
  return masked
    .replaceAll('\t', ' ')
    .replaceAll(/[\u0000-\u001f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replaceAll(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '\ufffd');
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) starts.push(index + 1);
  return starts;
}

function lastIndexAtMost(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

interface Step {
  /** The value at the path; null when absent. */
  readonly node: Node | null;
  /** Start of the nearest key or list item on the way that exists; null at the root. */
  readonly holder: number | null;
  readonly complete: boolean;
}

function offsetOf(root: Node | null, path: IssuePath, part: 'key' | 'value'): number {
  const { node, holder, complete } = step(root, path);
  const isCollection = isMap(node) || isSeq(node);
  if (complete && part === 'value' && node !== null && !isCollection && node.range) return node.range[0];
  if (holder !== null) return holder;
  return root?.range?.[0] ?? 0;
}

function step(root: Node | null, path: IssuePath): Step {
  let node = root;
  let holder: number | null = null;
  for (const part of path) {
    let next: Node | null = null;
    if (isMap(node) && typeof part === 'string') {
      const pair = node.items.find((candidate) => keyOf(candidate) === part);
      if (pair === undefined) return { node, holder, complete: false };
      holder = startOf(pair.key) ?? holder;
      next = (pair.value ?? null) as Node | null;
      // An empty value has no text of its own: its key shows the place.
      if (isScalar(next) && next.source === '' && next.value === null) next = null;
    } else if (isSeq(node) && typeof part === 'number') {
      next = (node.items[part] ?? null) as Node | null;
      if (next === null) return { node, holder, complete: false };
      holder = next.range?.[0] ?? holder;
    } else {
      return { node, holder, complete: false };
    }
    node = next;
  }
  return { node, holder, complete: true };
}

function keyOf(pair: Pair): string | null {
  return isScalar(pair.key) ? String(pair.key.value) : null;
}

function startOf(key: unknown): number | null {
  return isScalar(key) ? (key.range?.[0] ?? null) : null;
}
