import type { IsoNode } from './iso-tree.ts';
import { uniqueNames } from './unique-names.ts';

/**
 * Names of the plain ISO 9660 hierarchy at interchange level 1: 8.3, capital letters, digits and `_` only.
 *
 * Nothing but very old readers sees them (Rock Ridge and Joliet carry the real names), yet they must be valid and unique.
 *
 * @returns One name for each node, in order: `NAME.EXT`, with the dot even where the extension is empty.
 * @see https://ecma-international.org/publications-and-standards/standards/ecma-119/ section 7.5
 */
export function primaryNames(nodes: readonly IsoNode[]): string[] {
  // Directories have no extension: a dot in their name is folded like any other character.
  const names = nodes.map(({ entry }) => (entry.type === 'directory' ? entry.name.replaceAll('.', '_') : entry.name));
  return uniqueNames(names, shorten);
}

function shorten(name: string, digits: string): string {
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  const extension = dot > 0 ? name.slice(dot + 1) : '';
  return `${fold(stem, 8 - digits.length)}${digits}.${fold(extension, 3)}`;
}

function fold(text: string, length: number): string {
  // Cut before folding: toUpperCase may lengthen a text (ß), never shorten it.
  return text
    .slice(0, 8)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '_')
    .slice(0, length);
}
