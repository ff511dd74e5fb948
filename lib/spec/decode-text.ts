import type { Issue } from '../issue.ts';
import { finding, type IssueCode } from './issue-codes.ts';

/** Largest cluster file or asset lock: 1 MiB. */
export const maxSourceBytes: number = 2 ** 20;

const UTF8_HINT = 'save the file as UTF-8 text';

/**
 * Turns the bytes of a file into text: UTF-8 with or without byte order mark, no NUL.
 *
 * @returns The text without byte order mark, or the one finding that says why it is none.
 */
export function decodeText(source: string | Uint8Array): string | Issue {
  // A string has at least as many UTF-8 bytes as code units.
  if (source.length > maxSourceBytes) {
    const size = `${(source.length / 2 ** 20).toFixed(1)} MiB`;
    return problem(
      'SPEC_TOO_LARGE',
      `the file is ${size} long; a cluster file has at most 1 MiB`,
      'check that this is the right file',
    );
  }
  if (typeof source === 'string') return checkText(source);
  const [first, second] = source;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return problem('SPEC_ENCODING', 'the file is UTF-16', UTF8_HINT);
  }
  try {
    return checkText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source));
  } catch {
    const isBinary = source.includes(0);
    return problem(
      'SPEC_ENCODING',
      isBinary ? 'the file is binary' : 'the file holds bytes that are not UTF-8',
      UTF8_HINT,
    );
  }
}

function checkText(text: string): string | Issue {
  if (text.includes('\0')) {
    return problem('SPEC_ENCODING', 'the file is binary: it holds a zero byte', 'check that this is the right file');
  }
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function problem(code: IssueCode, message: string, hint: string): Issue {
  return finding(code, [], message, hint);
}
