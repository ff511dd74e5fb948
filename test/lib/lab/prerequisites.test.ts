/** What `lab up` says of a host that cannot do it: asked in mounts of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MODULE = fileURLToPath(new URL('../../../lib/lab/prerequisites.ts', import.meta.url));

async function missing(mounts: string): Promise<readonly string[]> {
  const look = `
    const { missingOnHost } = await import(${JSON.stringify(MODULE)});
    console.log(JSON.stringify(missingOnHost('/var/lib/keelway-lab', 'programs').map(({ part }) => part)));`;
  const { stdout } = await promisify(execFile)('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-euc', `${mounts}\nexec "$0" --input-type=module -e "$1"`],
    ...[process.execPath, look],
  ]);
  return JSON.parse(stdout) as string[];
}

const LOW = 'f=$(mktemp); echo 128 >$f; mount --bind $f /proc/sys/fs/inotify/max_user_instances; rm $f';

describe('missingOnHost', () => {
  it('is content with a setting that is too low and can be raised', async () => {
    expect(await missing(LOW)).toEqual([]);
  });

  it('names a setting that is too low and cannot be written', async () => {
    const readOnly = `${LOW}; mount -o remount,bind,ro /proc/sys/fs/inotify/max_user_instances`;
    expect(await missing(readOnly)).toEqual(['/proc/sys/fs/inotify/max_user_instances']);
  });
});
