import { KeelwayError } from '../errors.ts';
import type { IssuePath } from '../issue.ts';
import type { ClusterInputs } from '../model/cluster.ts';

/** What the kernel takes as a TCP MD5 key (`TCP_MD5SIG_MAXKEYLEN`). */
const LIMIT_BYTES = 80;

/** Printable ASCII but the blank and what some speaker's configuration cannot hold: `"`, `\`, `:` and `,`. */
const PASSWORD = /^[!#-+\--9;-[\]-~]+$/;

/**
 * The TCP MD5 password of a BGP session, out of the file that the cluster file names. One newline at the end is not part
 * of it.
 *
 * @param file - As written in the cluster file; null: no password.
 * @param path - Where the cluster file names it.
 * @returns Null without a file.
 * @throws {@link KeelwayError} `INPUT_UNREADABLE` when it was not read; `SPEC_INVALID` with the finding `BGP_PASSWORD` for
 * a password that is empty, too long or has other characters. No message contains it.
 */
export function bgpPassword(inputs: ClusterInputs, file: string | null, path: IssuePath): string | null {
  if (file === null) return null;
  const text = inputs.files[file];
  if (text === undefined) {
    throw new KeelwayError({ code: 'INPUT_UNREADABLE', message: `${file}, a BGP password, was not read` });
  }
  const password = text.replace(/\r?\n$/, '');
  const problem = problemOf(password);
  if (problem === null) return password;
  const message = `the BGP password in ${file} ${problem}`;
  const hint = 'use 1 to 80 printable ASCII characters, without blanks, quotes, backslashes, colons and commas';
  throw new KeelwayError({
    code: 'SPEC_INVALID',
    message,
    hint,
    issues: [{ severity: 'error', code: 'BGP_PASSWORD', path, message, hint }],
  });
}

function problemOf(password: string): string | null {
  if (password === '') return 'is empty';
  if (password.includes('\n')) return 'has several lines';
  if (password.length > LIMIT_BYTES) return `is longer than ${LIMIT_BYTES} characters`;
  return PASSWORD.test(password) ? null : 'has a character that BGP speakers do not take';
}
