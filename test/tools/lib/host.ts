import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { HostNeed } from '../catalog.ts';
import { cacheFolder } from './cache.ts';
import { withLock } from './lock.ts';
import { run } from './run.ts';
import { ToolsError } from './tools-error.ts';

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Looks a program up on PATH and in the system's folders; undefined when it is nowhere. */
export function which(program: string, further: readonly string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS, ...further];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function isMet(need: HostNeed): boolean {
  return need.file === undefined ? which(need.name) !== undefined : existsSync(need.file);
}

/**
 * Installs the Debian packages of those needs that the machine does not meet yet.
 *
 * @throws {@link ToolsError} when something is missing and this is no Debian machine, or we are not root.
 */
export async function ensureHost(needs: readonly HostNeed[], say: (line: string) => void): Promise<void> {
  const missing = needs.filter((need) => !isMet(need));
  if (missing.length === 0) return;
  const names = missing.map((need) => need.name).join(', ');
  const packages = [...new Set(missing.map((need) => need.package))];
  if (which('apt-get') === undefined) {
    throw new ToolsError(
      `${names} missing, and this is not a Debian machine (no apt-get): install what Debian calls ${packages.join(' ')}`,
      4,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new ToolsError(`${names} missing: run as root once, or: sudo apt-get install ${packages.join(' ')}`, 4);
  }
  const waiting = (holder: string) => say(`waiting for process ${holder}, which installs packages`);
  await withLock(join(cacheFolder(), 'locks', 'host'), waiting, async () => {
    const still = [...new Set(missing.filter((need) => !isMet(need)).map((need) => need.package))];
    if (still.length === 0) return;
    say(`installing ${still.join(' ')}`);
    await aptGet(['update', '--quiet=2'], 'package lists');
    await aptGet(['install', '--yes', '--quiet=2', '--no-install-recommends', ...still], 'Debian packages');
  });
}

/** Runs apt-get as a program without a person in front of it. */
export async function aptGet(args: readonly string[], what: string, cwd?: string): Promise<string> {
  const options = ['-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3'];
  return await run('apt-get', [...options, ...args], {
    what,
    env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    ...(cwd === undefined ? {} : { cwd }),
  });
}
