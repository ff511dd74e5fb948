import type { IsoNode } from './iso-tree.ts';
import { uniqueNames } from './unique-names.ts';

const maxUnits = 64;

/** An extension up to this long survives when a name is cut. */
const maxExtensionUnits = 16;

/**
 * Names of the Joliet hierarchy: at most 64 UTF-16 units, without the characters Windows refuses.
 *
 * Characters beyond the first plane stay surrogate pairs: the specification says UCS-2, but Windows, Linux and
 * libarchive all read UTF-16.
 *
 * @returns One name for each node, in order; unique in the directory.
 * @see https://docs.kernel.org/filesystems/isofs.html for the specifications
 */
export function jolietNames(nodes: readonly IsoNode[]): string[] {
  return uniqueNames(
    nodes.map(({ entry }) => entry.name),
    shorten,
  );
}

function shorten(name: string, digits: string): string {
  const legal = name.replaceAll(/[\u0000-\u001f*/:;?\\]/g, '_');
  if (digits === '' && legal.length <= maxUnits) return legal;
  const dot = legal.lastIndexOf('.');
  const extension = dot > 0 && legal.length - dot <= maxExtensionUnits ? legal.slice(dot) : '';
  const stem = legal.slice(0, legal.length - extension.length);
  return `${cut(stem, maxUnits - extension.length - digits.length)}${digits}${extension}`;
}

/** Cuts without leaving half of a surrogate pair. */
function cut(text: string, units: number): string {
  const short = text.slice(0, units);
  return short.isWellFormed() ? short : short.slice(0, -1);
}
