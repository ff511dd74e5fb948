/** A place in a source text. Lines and columns count from 1; columns count UTF-16 code units. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The whole source line, shortened and free of control characters, for the excerpt. */
  readonly excerpt?: string;
  /** Column of the place inside `excerpt` when it begins later than the line; absent: `column`. */
  readonly excerptColumn?: number;
}

export type Severity = 'error' | 'warning';

/** Keys and indexes from the root of the document: `['spec', 'machines', 0, 'address']`. */
export type IssuePath = readonly (string | number)[];

/**
 * One finding about the cluster file (or about what follows from it): data, not an exception.
 *
 * `code` is stable and documented in docs/errors.md; `message` says what is wrong and names the value; `hint` says the fix.
 */
export interface Issue {
  readonly severity: Severity;
  readonly code: string;
  readonly path: IssuePath;
  readonly message: string;
  readonly hint?: string;
  readonly position?: SourcePosition;
}

/** `spec.machines[0].address`, as messages and JSON output print a path; `$` for the root. */
export function formatIssuePath(path: IssuePath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text === '' ? '$' : text;
}
