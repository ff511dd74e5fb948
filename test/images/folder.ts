import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ImageEntry } from '../../images/archive/image-entry.ts';
import { normalizeEntries } from '../../images/archive/normalize-entries.ts';

/** Reads a folder of the disk as entries; owners are left out. */
export function readFolder(folder: string, path = ''): ImageEntry[] {
  return readdirSync(join(folder, path)).flatMap((name): ImageEntry[] => {
    const child = path === '' ? name : `${path}/${name}`;
    const file = `${folder}/${child}`;
    const status = lstatSync(file);
    const mode = status.mode & 0o7777;
    if (status.isSymbolicLink()) return [{ path: child, type: 'symlink', mode, target: readlinkSync(file) }];
    if (status.isDirectory()) return [{ path: child, type: 'directory', mode }, ...readFolder(folder, child)];
    return [{ path: child, type: 'file', mode, contents: Uint8Array.from(readFileSync(file)) }];
  });
}

/** Writes entries to a folder of the disk, everything with one time; owners are left out. */
export function writeFolder(folder: string, entries: readonly ImageEntry[], seconds: number): void {
  const normalized = normalizeEntries(entries);
  for (const { path, type, mode, contents, target } of normalized) {
    const file = `${folder}/${path}`;
    if (type === 'symlink') symlinkSync(target, file);
    else if (type === 'directory') mkdirSync(file);
    else writeFileSync(file, contents);
    if (type === 'file') chmodSync(file, mode);
  }
  for (const { path, type, mode } of normalized.reverse()) {
    if (type === 'directory') chmodSync(`${folder}/${path}`, mode);
    lutimesSync(`${folder}/${path}`, seconds, seconds);
  }
}
