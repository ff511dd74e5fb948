import fc from 'fast-check';
import type { ImageEntry } from '../../images/archive/image-entry.ts';

/** Names that fit everywhere: up to 253 bytes, anything but NUL and slash. */
const anyName = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('a', 'B', '.', '_', '-', ' '), minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('x', 'y'), minLength: 100, maxLength: 253 }),
  )
  .map((name) => name.replaceAll(/[/\0]/g, '_'))
  .filter((name) => name !== '.' && name !== '..');

const anyTarget = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('a', '/', '.', '..', '/./', 'ü'), minLength: 1, maxLength: 400 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }),
  )
  .map((target) => target.replaceAll('\0', '_'));

/** What sits in a tree besides its names; modes and owners any. */
interface Leaf {
  readonly name: string;
  readonly entry: Omit<ImageEntry, 'path'>;
  readonly children: readonly Leaf[];
}

/**
 * Random trees in random order: nested and empty directories, some listed and some implied, files, links, any names.
 *
 * @param modes - Permission bits of files and directories; any when absent.
 */
export function anyTree(modes: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0o7777 })): fc.Arbitrary<ImageEntry[]> {
  const owner = fc.integer({ min: 0, max: 0xffff_fffe });
  const { node } = fc.letrec<{ node: Leaf; nodes: Leaf[] }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', maxDepth: 6 },
      fc.record({
        name: anyName,
        entry: fc.record({
          type: fc.constant('file' as const),
          mode: modes,
          uid: owner,
          gid: owner,
          contents: fc.oneof(
            fc.uint8Array({ maxLength: 64 }),
            fc.nat(5000).map((length) => new Uint8Array(length).fill(length)),
          ),
        }),
        children: fc.constant([]),
      }),
      fc.record({
        name: anyName,
        entry: fc.record({ type: fc.constant('symlink' as const), mode: fc.constant(0o777), target: anyTarget }),
        children: fc.constant([]),
      }),
      fc.record({
        name: anyName,
        entry: fc.record({ type: fc.constant('directory' as const), mode: modes, uid: owner, gid: owner }),
        children: tie('nodes'),
      }),
    ),
    nodes: fc.uniqueArray(tie('node'), { selector: (leaf) => leaf.name, maxLength: 8 }),
  }));
  return fc
    .uniqueArray(node, { selector: (leaf) => leaf.name, maxLength: 12 })
    .map((nodes) => nodes.flatMap((leaf) => flatten(leaf, '')))
    .chain((entries) => fc.shuffledSubarray(entries, { minLength: entries.length }));
}

function flatten({ name, entry, children }: Leaf, parent: string): ImageEntry[] {
  const path = `${parent}${name}`;
  return [{ ...entry, path }, ...children.flatMap((child) => flatten(child, `${path}/`))];
}
