/** What an {@link ImageEntry} is; device nodes, sockets and hard links have no place in Keelway's images. */
export type ImageEntryType = 'file' | 'directory' | 'symlink';

/**
 * One file, directory or symbolic link of an image tree, whatever the container (ISO 9660 or cpio) it goes into.
 *
 * Parents that are not listed are created as root-owned directories of mode 0755.
 */
export interface ImageEntry {
  /** Relative to the root of the image, `/`-separated: no leading or trailing slash, no `.` or `..`. */
  readonly path: string;
  readonly type: ImageEntryType;
  /** Permission bits only, 0 to 0o7777. */
  readonly mode: number;
  /** Numeric owner; 0 when absent. */
  readonly uid?: number;
  /** Numeric group; 0 when absent. */
  readonly gid?: number;
  /** Files only; absent means empty. */
  readonly contents?: Uint8Array;
  /** Symbolic links only, and required there: the text of the link, absolute or relative. */
  readonly target?: string;
}
