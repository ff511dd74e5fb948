import type { Issue, SourcePosition } from '../issue.ts';
import { isSecretCode } from './issue-codes.ts';
import type { SourceDocument } from './source-document.ts';

/**
 * Adds the place in the file to every finding that has none, by its path.
 *
 * @returns A new list, sorted by line and column.
 */
export function locateIssues(issues: readonly Issue[], source: SourceDocument): readonly Issue[] {
  return issues.map((issue) => (issue.position === undefined ? located(issue, source) : issue)).toSorted(byPosition);
}

/** A finding with the place of its value or key. Lines of secret material are not quoted. */
export function located(issue: Issue, source: SourceDocument, part: 'key' | 'value' = 'value'): Issue {
  // A label is named by its key; the value of a wrong one is beside the point.
  const shown = issue.path.at(-2) === 'labels' ? 'key' : part;
  return withPosition(issue, source.locate(issue.path, shown));
}

/** A finding at a place that is known already. */
export function withPosition(issue: Issue, position: SourcePosition): Issue {
  if (!isSecretCode(issue.code)) return { ...issue, position };
  const { file, line, column } = position;
  return { ...issue, position: { file, line, column } };
}

function byPosition(a: Issue, b: Issue): number {
  const lines = (a.position?.line ?? 0) - (b.position?.line ?? 0);
  return lines === 0 ? (a.position?.column ?? 0) - (b.position?.column ?? 0) : lines;
}
