/** The effects Keelway needs, as small interfaces: real ones in node-ports.ts, fakes in tests. */

export interface FileStat {
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  readonly mode: number;
  readonly sizeBytes: number;
}

export interface FilesPort {
  /** Reads a whole file; refuses one above `limitBytes` without reading it. Throws `INPUT_UNREADABLE`. */
  read(path: string, limitBytes?: number): Promise<Uint8Array>;
  /** Null when the path does not exist. Does not follow a final symbolic link. Throws `INPUT_UNREADABLE`. */
  stat(path: string): Promise<FileStat | null>;
  list(path: string): Promise<readonly string[]>;
  /** Atomic: temp file in the same folder with the mode from the start, fsync, rename. */
  writeAtomic(path: string, contents: Uint8Array, mode: number): Promise<void>;
  /** Writes a file that must not exist yet, without waiting for the disk: for a tree that is synced once by `sync`. */
  writeNew(path: string, contents: Uint8Array | string, mode: number): Promise<void>;
  /**
   * Like `writeAtomic`, but never replaces anything: the file is there whole, or not at all. Throws `OUTPUT_UNWRITABLE`
   * with the cause `EEXIST`.
   */
  writeOnce(path: string, contents: Uint8Array, mode: number): Promise<void>;
  /** Waits until these files and folders are on the disk. */
  sync(paths: readonly string[]): Promise<void>;
  /** With its parents (mode 0755); leaves one that exists as it is. */
  makeDirectory(path: string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file, a link (not what it names) or a whole folder; nothing when there is none. */
  remove(path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string | null>;
  /**
   * Waits until nobody else holds the lock at `path`, a file of its own; gives back what ends it. It ends with the
   * process, too. Throws `LOCK_BUSY` when that takes longer than `waitMs`.
   */
  lock(path: string, waitMs: number, signal?: AbortSignal): Promise<() => Promise<void>>;
}

export interface ClockPort {
  /** Unix time in whole seconds. */
  nowSeconds(): number;
}

export interface RandomPort {
  bytes(length: number): Uint8Array;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecPort {
  /** Runs a program with no shell. Throws `TOOL_MISSING` when it is not installed. */
  run(command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
}

export interface ExecOptions {
  readonly cwd?: string;
  /** Standard input; empty by default. */
  readonly input?: string | Uint8Array;
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Ports {
  readonly files: FilesPort;
  readonly clock: ClockPort;
  readonly random: RandomPort;
  readonly exec: ExecPort;
}
