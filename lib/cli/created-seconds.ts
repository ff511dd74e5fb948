import { KeelwayError } from '../errors.ts';
import type { CliIo } from './io.ts';

/**
 * The time that images carry, when the environment sets one.
 *
 * @returns Unix seconds; undefined when SOURCE_DATE_EPOCH is not set.
 * @throws {@link KeelwayError} `USAGE_INVALID` when it is no time.
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function createdSeconds(env: CliIo['env']): number | undefined {
  const text = env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === '') return undefined;
  // The last time that a cpio archive can hold.
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_ffff) {
    throw new KeelwayError({
      code: 'USAGE_INVALID',
      message: `SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, which is no time`,
      hint: 'set it to whole Unix seconds, for instance $(git log -1 --format=%ct), or unset it',
    });
  }
  return Number(text);
}
