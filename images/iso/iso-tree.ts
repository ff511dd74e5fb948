import type { NormalizedEntry } from '../archive/normalize-entries.ts';

/** One entry of the image with what it holds; both hierarchies (ISO 9660 and Joliet) are laid over this tree. */
export interface IsoNode {
  readonly entry: NormalizedEntry;
  /** In the order of {@link NormalizedEntry}; empty unless a directory. */
  readonly children: IsoNode[];
  /** How many of the children are directories. */
  subdirectories: number;
  /** First sector of a file's contents, shared by both hierarchies; 0 until laid out, and for empty files. */
  extent: number;
}

/** Links normalised entries into a tree under a root directory (0755, root-owned). */
export function isoTree(entries: readonly NormalizedEntry[]): IsoNode {
  const empty = { contents: new Uint8Array(0), target: '' };
  const root = toNode({ path: '', name: '', parentPath: '', type: 'directory', mode: 0o755, uid: 0, gid: 0, ...empty });
  const directories = new Map([['', root]]);
  for (const entry of entries) {
    const node = toNode(entry);
    if (entry.type === 'directory') directories.set(entry.path, node);
    const parent = directories.get(entry.parentPath);
    if (parent === undefined) continue;
    parent.children.push(node);
    if (entry.type === 'directory') parent.subdirectories += 1;
  }
  return root;
}

function toNode(entry: NormalizedEntry): IsoNode {
  return { entry, children: [], subdirectories: 0, extent: 0 };
}
