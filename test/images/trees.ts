import type { ImageEntry } from '../../images/archive/image-entry.ts';

/** Makes the bytes of a text file. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A NoCloud seed as Keelway writes it. */
export const seed: readonly ImageEntry[] = [
  { path: 'user-data', type: 'file', mode: 0o600, contents: bytesOf('#cloud-config\n'.repeat(1000)) },
  { path: 'meta-data', type: 'file', mode: 0o600, contents: bytesOf('instance-id: cp-1\n') },
  { path: 'network-config', type: 'file', mode: 0o600, contents: bytesOf('version: 2\n') },
  { path: 'vendor-data', type: 'file', mode: 0o600 },
];

/** One of everything that is hard: depth, long names, many entries, links, owners, nothing at all. */
export const general: readonly ImageEntry[] = [
  ...seed,
  { path: 'a/b/c/d/e/f/g/h/i/j/deep.conf', type: 'file', mode: 0o644, contents: bytesOf('deep') },
  { path: 'empty', type: 'directory', mode: 0o700, uid: 1000, gid: 50 },
  { path: 'n'.repeat(253), type: 'file', mode: 0o4755, contents: bytesOf('long name') },
  {
    path: `${'ü'.repeat(100)}.txt`,
    type: 'file',
    mode: 0o644,
    uid: 0xffff_fffe,
    contents: new Uint8Array(2048).fill(7),
  },
  { path: 'Unicode 日本 😀', type: 'file', mode: 0o2600, contents: new Uint8Array(2049).fill(8) },
  { path: 'links/absolute', type: 'symlink', mode: 0o777, target: '/usr/bin/../lib/./x' },
  { path: 'links/dots', type: 'symlink', mode: 0o777, target: '..' },
  { path: 'links/root', type: 'symlink', mode: 0o777, target: '/' },
  { path: 'links/long-part', type: 'symlink', mode: 0o777, target: `/${'q'.repeat(1000)}` },
  { path: 'links/many-parts', type: 'symlink', mode: 0o777, target: 'r/'.repeat(511).slice(0, -1) },
  ...Array.from({ length: 300 }, (_, index): ImageEntry => {
    return { path: `many/some-long-name-${index}.conf`, type: 'file', mode: 0o640, contents: bytesOf(String(index)) };
  }),
];
