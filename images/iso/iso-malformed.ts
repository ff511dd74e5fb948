import { KeelwayError } from '../../lib/errors.ts';

/** The error for bytes that are not a sound ISO 9660 image; `offset` in bytes from the start of the image. */
export function isoMalformed(offset: number, problem: string, cause?: unknown): KeelwayError {
  return new KeelwayError({
    code: 'IMAGE_FORMAT_INVALID',
    message: `ISO 9660 image, offset ${offset}: ${problem}`,
    hint: 'give a complete ISO 9660 image with 2048-byte sectors',
    cause,
  });
}
