import { basename, dirname, resolve } from 'node:path';
import { KeelwayError } from '../errors.ts';
import type { Issue } from '../issue.ts';
import { leafFolder } from '../pki/leaf-store.ts';
import type { ExecPort, ExecResult } from '../ports.ts';

export interface GitExposure {
  readonly warnings: readonly Issue[];
  /** For a quiet line: why it could not be checked; null when it could. */
  readonly note: string | null;
}

const NOT_IGNORED_STATUS = 1;
const SAFE: GitExposure = { warnings: [], note: null };

/**
 * Warns when a plain-text bundle, or the leaves beside it, lies in a Git work tree and is not ignored there.
 *
 * @param path - Of the bundle; its folder must exist.
 */
export async function warnIfUnignored(path: string, exec: ExecPort, signal?: AbortSignal): Promise<GitExposure> {
  const names = [basename(path), `${basename(leafFolder(path))}/machine.json`];
  let result: ExecResult;
  try {
    result = await exec.run('git', ['check-ignore', '-z', '--stdin'], {
      input: names.join('\0'),
      cwd: dirname(resolve(path)),
      environment: { LC_ALL: 'C' },
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof KeelwayError && error.code === 'TOOL_MISSING') {
      return { warnings: [], note: `git is not installed: whether ${path} is ignored was not checked` };
    }
    throw error;
  }
  if (result.exitCode > NOT_IGNORED_STATUS) {
    if (result.stderr.includes('not a git repository')) return SAFE;
    return { warnings: [], note: `git could not say whether ${path} is ignored` };
  }
  const ignored = new Set(result.stdout.split('\0'));
  const exposed = names.filter((name) => !ignored.has(name));
  if (exposed.length === 0) return SAFE;
  return {
    warnings: [
      {
        severity: 'warning',
        code: 'SECRETS_NOT_IGNORED',
        path: [],
        message: `${path} lies in plain text in a Git work tree and ${exposed.length === names.length ? 'is' : 'part of it is'} not ignored`,
        hint: `add the line ${basename(path)}* to .gitignore, or create the bundle with --recipient age1...`,
      },
    ],
    note: null,
  };
}
