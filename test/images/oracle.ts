import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Programs of others that judge our images, with the Debian package each comes in. */
const packages = { xorriso: 'xorriso', bsdtar: 'libarchive-tools', cpio: 'cpio', blkid: 'util-linux' };

export type Oracle = keyof typeof packages;

export interface OracleOptions {
  readonly input?: Uint8Array | string;
  readonly cwd?: string;
}

/**
 * Runs an oracle and returns what it writes to standard output.
 *
 * @throws Error that names the Debian package when the program is not there, and shows its messages when it fails.
 */
export function runOracle(program: Oracle, args: readonly string[], options: OracleOptions = {}): Uint8Array {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  const result = spawnSync(program, args, {
    ...options,
    env: { ...process.env, PATH: path, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    maxBuffer: 2 ** 28,
  });
  if (result.error !== undefined && 'code' in result.error && result.error.code === 'ENOENT') {
    const name = packages[program];
    throw new Error(
      `${program} is missing, and this test needs it: install the Debian package ${name} (apt-get install ${name})`,
    );
  }
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${result.stderr}`);
  return new Uint8Array(result.stdout);
}

/** Gives a function a folder of its own, and removes it afterwards. */
export function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'keelway-images-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
