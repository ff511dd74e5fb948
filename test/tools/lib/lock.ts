import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';

/**
 * Runs `action` while holding an exclusive lock on `path`, across processes.
 *
 * The kernel holds the lock for a helper that lives as long as our end of its pipe, so it is free again the moment
 * this process ends, however it ends.
 *
 * @param onWait - Called once, with the holder's process id where it is known, when somebody else holds the lock.
 */
export async function withLock<T>(
  path: string,
  onWait: (holder: string) => void,
  action: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const holdUntilPipeCloses = ['sh', '-c', 'echo held; exec cat >/dev/null'];
  const acquire = async (flags: string[]) => {
    const helper = execa('flock', [...flags, path, ...holdUntilPipeCloses], { stdin: 'pipe', reject: false });
    const held = await Promise.race([
      new Promise<boolean>((resolve) => helper.stdout.once('data', () => resolve(true))),
      helper.then(() => false),
    ]);
    return { helper, held };
  };

  let lock = await acquire(['--exclusive', '--nonblock']);
  if (!lock.held) {
    onWait((await readFile(path, 'utf8').catch(() => '')).trim() || 'unknown');
    lock = await acquire(['--exclusive']);
  }
  if (!lock.held) throw new Error(`cannot lock ${path}: ${(await lock.helper).shortMessage ?? 'flock failed'}`);
  try {
    await writeFile(path, `${process.pid}\n`);
    return await action();
  } finally {
    lock.helper.stdin.end();
    await lock.helper;
  }
}
