import { KeelwayError } from '../errors.ts';
import type { FilesPort } from '../ports.ts';

/** Longer than issuing for a thousand machines takes, and short enough to learn who is in the way. */
const WAIT_MS = 60_000;

/**
 * Lets one run at a time issue from a bundle: from reading its kept certificates until what was made from them is
 * written. Two runs at once would each issue their own, and one of them would be in use but kept by nobody.
 *
 * Where no file can be made beside the bundle, nothing can be kept there either, and there is nothing to guard.
 *
 * @param bundlePath - Absolute; the bundle need not exist.
 * @throws {@link KeelwayError} `LOCK_BUSY` when another run does not come to its end.
 */
export async function withSecretsLock<T>(
  bundlePath: string,
  files: FilesPort,
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const unlock = await lockOrNull(bundlePath, files, signal);
  try {
    return await action();
  } finally {
    await unlock?.();
  }
}

async function lockOrNull(
  bundlePath: string,
  files: FilesPort,
  signal: AbortSignal | undefined,
): Promise<(() => Promise<void>) | null> {
  try {
    return await files.lock(`${bundlePath}.lock`, WAIT_MS, signal);
  } catch (error) {
    if (error instanceof KeelwayError && error.code === 'OUTPUT_UNWRITABLE') return null;
    throw error;
  }
}
