/** Linux refuses longer ones (PATH_MAX without its NUL), and so does the kernel's initramfs unpacker. */
export const maxPathBytes = 4095;

/** NAME_MAX of every file system an image is unpacked to. */
export const maxNameBytes = 255;

/** Highest user and group number; the one above is "nobody at all" (-1), which chown(2) ignores. */
export const maxOwner = 0xffff_fffe;

const encoder = new TextEncoder();

/** Whether a text is longer than so many bytes of UTF-8. */
export function exceedsBytes(text: string, bytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8, so short texts need no encoding to be measured.
  return text.length * 3 > bytes && encoder.encode(text).length > bytes;
}

/**
 * Says what is wrong with the path of an image entry.
 *
 * The same rule guards both ends: what a writer accepts, and what a reader lets out of a file it does not trust
 * (`..` and absolute names are how an archive escapes the folder it is unpacked to).
 *
 * @returns A clause that continues "the path is not usable: ", or undefined when the path is sound.
 */
export function entryPathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.startsWith('/')) return 'it is absolute';
  if (path.includes('\0')) return 'it contains a NUL character';
  if (!path.isWellFormed()) return 'it contains half of a surrogate pair';
  if (exceedsBytes(path, maxPathBytes)) return `it is longer than ${maxPathBytes} bytes`;
  for (const name of path.split('/')) {
    if (name === '') return 'it has an empty component';
    if (name === '.' || name === '..') return `it has the component ${name}`;
    if (exceedsBytes(name, maxNameBytes)) return `it has a component longer than ${maxNameBytes} bytes`;
  }
  return undefined;
}

/** Shows a path in a message: quoted, control characters escaped, and cut when very long. */
export function quotePath(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 119)}…` : path);
}
