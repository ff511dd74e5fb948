import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { KeelwayError } from './errors.ts';
import { codeOf, unreadable, unwritable } from './file-errors.ts';
import { lockFile } from './node-lock.ts';
import type { ExecPort, FilesPort, Ports } from './ports.ts';

/** Largest file that is read when the caller names no limit. */
const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * The real effects, on Node.
 *
 * Files are handled by Node's synchronous calls: Keelway's are small and many, and the promise-based ones cost several
 * times their CPU.
 */
export function nodePorts(): Ports {
  return {
    files: nodeFiles,
    clock: { nowSeconds: () => Math.floor(Date.now() / 1000) },
    // Loaded when it is needed: node:crypto is a good part of a start.
    random: { bytes: (length) => process.getBuiltinModule('node:crypto').randomBytes(length) },
    exec: nodeExec,
  };
}

const nodeFiles: FilesPort = {
  async read(path, limitBytes = DEFAULT_LIMIT_BYTES) {
    try {
      return readLimited(path, limitBytes);
    } catch (error) {
      throw error instanceof KeelwayError ? error : unreadable(path, error);
    }
  },
  async stat(path) {
    const stat = lstat(path);
    if (stat === undefined) return null;
    const type = stat.isFile()
      ? 'file'
      : stat.isDirectory()
        ? 'directory'
        : stat.isSymbolicLink()
          ? 'symlink'
          : 'other';
    return { type, mode: stat.mode & 0o7777, sizeBytes: stat.size };
  },
  async list(path) {
    try {
      return fs.readdirSync(path).sort();
    } catch (error) {
      throw unreadable(path, error);
    }
  },
  async writeAtomic(path, contents, mode) {
    writing(path, () => {
      const temporary = writeTemporary(path, contents, mode);
      try {
        fs.renameSync(temporary, path);
      } catch (error) {
        fs.rmSync(temporary, { force: true });
        throw error;
      }
      syncPath(dirname(path));
    });
  },
  async writeNew(path, contents, mode) {
    writing(path, () => {
      const file = fs.openSync(path, 'wx', mode);
      try {
        fs.writeFileSync(file, contents);
        fs.fchmodSync(file, mode);
      } finally {
        fs.closeSync(file);
      }
    });
  },
  async writeOnce(path, contents, mode) {
    writing(path, () => {
      const temporary = writeTemporary(path, contents, mode);
      try {
        linkOrRename(temporary, path);
      } finally {
        fs.rmSync(temporary, { force: true });
      }
      syncPath(dirname(path));
    });
  },
  async sync(paths) {
    for (const path of paths) writing(path, () => syncPath(path));
  },
  async makeDirectory(path, mode) {
    writing(path, () => {
      makeParents(dirname(path));
      if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
      fs.mkdirSync(path, mode);
      // The umask may have taken bits away.
      fs.chmodSync(path, mode);
    });
  },
  async rename(from, to) {
    writing(to, () => fs.renameSync(from, to));
  },
  async remove(path) {
    writing(path, () => fs.rmSync(path, { recursive: true, force: true }));
  },
  async symlink(target, path) {
    writing(path, () => fs.symlinkSync(target, path));
  },
  async readLink(path) {
    try {
      return fs.readlinkSync(path);
    } catch {
      return null;
    }
  },
  lock: lockFile,
};

const nodeExec: ExecPort = {
  async run(command, args, options = {}) {
    const { execa } = await import('execa');
    const result = await execa(command, args, {
      reject: false,
      stripFinalNewline: false,
      input: options.input ?? '',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.environment === undefined ? {} : { env: options.environment }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    });
    // A missing working folder gives the same code.
    if (result.code === 'ENOENT' && (options.cwd === undefined || fs.existsSync(options.cwd))) {
      throw new KeelwayError({
        code: 'TOOL_MISSING',
        message: `the program ${command} is not installed`,
        hint: `install ${command} and put it on the PATH`,
        cause: result,
      });
    }
    options.signal?.throwIfAborted();
    if (result.exitCode === undefined && result.signal === undefined) {
      throw new KeelwayError({
        code: 'TOOL_FAILED',
        message: `cannot run ${command}: ${result.code ?? result.shortMessage}`,
        cause: result,
      });
    }
    return { exitCode: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
  },
};

/** Pipes (`<(...)`) have no size beforehand, so the limit is watched while reading, too. */
function readLimited(path: string, limitBytes: number): Uint8Array {
  const file = fs.openSync(path, 'r');
  try {
    const stat = fs.fstatSync(file);
    if (stat.isDirectory()) {
      throw new KeelwayError({
        code: 'INPUT_UNREADABLE',
        message: `cannot read ${path}: it is a folder`,
        hint: 'name a file in it',
      });
    }
    if (stat.isFile() && stat.size > limitBytes) throw tooLarge(path, limitBytes);
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(stat.isFile() ? Math.max(stat.size - length, 0) + 1 : CHUNK_BYTES);
      const count = fs.readSync(file, chunk);
      if (count === 0) return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      length += count;
      if (length > limitBytes) throw tooLarge(path, limitBytes);
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    fs.closeSync(file);
  }
}

/** Undefined where nothing is, nor can be: below something that is no folder. */
function lstat(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw unreadable(path, error);
  }
}

/** Node's own recursive mkdir never ends where a file system makes no folders, as in /proc. */
function makeParents(folder: string): void {
  if (fs.existsSync(folder)) return;
  makeParents(dirname(folder));
  try {
    fs.mkdirSync(folder, 0o755);
  } catch (error) {
    // Somebody else was quicker.
    if (!fs.existsSync(folder)) throw error;
  }
}

function tooLarge(path: string, limitBytes: number): KeelwayError {
  return new KeelwayError({
    code: 'INPUT_UNREADABLE',
    message: `cannot read ${path}: it is larger than ${Math.floor(limitBytes / 1024)} KiB`,
    hint: 'no file of this kind is that large: check the path',
  });
}

/** A synced temporary file beside `path`, whose name Git ignores where it ignores `path*`; the caller renames it. */
function writeTemporary(path: string, contents: Uint8Array, mode: number): string {
  for (let attempt = 0; ; attempt += 1) {
    const temporary = join(dirname(path), `${basename(path)}.${process.pid}-${attempt}.tmp`);
    let file: number;
    try {
      file = fs.openSync(temporary, 'wx', mode);
    } catch (error) {
      if (codeOf(error) === 'EEXIST' && attempt < 100) continue;
      throw error;
    }
    try {
      fs.writeFileSync(file, contents);
      fs.fchmodSync(file, mode);
      fs.fsyncSync(file);
      return temporary;
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    } finally {
      fs.closeSync(file);
    }
  }
}

/** A hard link is what never replaces a file; not every file system has them. */
function linkOrRename(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    const hasNoLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error) ?? '');
    if (!hasNoLinks || lstat(to) !== undefined) throw error;
    fs.renameSync(from, to);
  }
}

function syncPath(path: string): void {
  const file = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

function writing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw unwritable(path, error);
  }
}
