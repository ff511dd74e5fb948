import { KeelwayError } from './errors.ts';

/** @returns The error for what cannot be read: `INPUT_UNREADABLE` with reason and way out. */
export function unreadable(path: string, error: unknown): KeelwayError {
  return new KeelwayError({
    code: 'INPUT_UNREADABLE',
    message: `cannot read ${path}: ${reasonOf(error)}`,
    hint: READ_HINTS[codeOf(error) ?? ''],
    cause: error,
  });
}

/** @returns The error for what cannot be written: `OUTPUT_UNWRITABLE` with reason and way out. */
export function unwritable(path: string, error: unknown): KeelwayError {
  return new KeelwayError({
    code: 'OUTPUT_UNWRITABLE',
    message: `cannot write ${path}: ${reasonOf(error)}`,
    hint: WRITE_HINTS[codeOf(error) ?? ''],
    cause: error,
  });
}

/** The code of a failed system call: `ENOENT`; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Why a system call failed, in words. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return (code === undefined ? undefined : REASONS[code]) ?? code ?? String(error);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'it exists already',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the file system is read-only',
  ELOOP: 'symbolic links in it lead round in circles',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'this process has too many open files',
  ENFILE: 'this machine has too many open files',
  EIO: 'the disk reports an error',
};

const LOOP_HINT = 'mend the link, or name the file itself';
const NAME_HINT = 'a name has 255 bytes at most, a path 4095';
const DESCRIPTORS_HINT = 'raise the limit (ulimit -n), or end other programs';

const READ_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'check the spelling; relative paths start at the current folder',
  EACCES: 'run as the user it belongs to, or give this one the permission to read it and to enter its folders',
  EPERM: 'run as the user it belongs to',
  EISDIR: 'name a file in it',
  ENOTDIR: 'check the spelling: something before the last / is a file',
  ELOOP: LOOP_HINT,
  ENAMETOOLONG: NAME_HINT,
  EMFILE: DESCRIPTORS_HINT,
  ENFILE: DESCRIPTORS_HINT,
  EIO: 'copy it to another disk as long as that is possible',
};

const WRITE_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'make its folder first',
  EACCES: 'name a place where this user may write, or give it the permission to',
  EPERM: 'name a place where this user may write',
  EISDIR: 'name a file, or move the folder away',
  ENOTDIR: 'name another place: something before the last / is a file',
  EEXIST: 'name another place, or move it away',
  ENOSPC: 'make room and run the command again; what was there before is as it was',
  EDQUOT: 'make room and run the command again; what was there before is as it was',
  EROFS: 'name a place on another file system',
  ELOOP: LOOP_HINT,
  ENAMETOOLONG: NAME_HINT,
  EMFILE: DESCRIPTORS_HINT,
  ENFILE: DESCRIPTORS_HINT,
  EIO: 'name a place on another disk',
};
