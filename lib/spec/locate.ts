import type { Issue } from '../issue.ts';
import type { SourceDocument } from './source-document.ts';

/**
 * Adds the place in the file to every finding that has none, by its path.
 *
 * @returns A new list, sorted by line and column.
 */
export function locateIssues(issues: readonly Issue[], source: SourceDocument): readonly Issue[] {
  return issues
    .map((issue) => (issue.position === undefined ? { ...issue, position: source.locate(issue.path) } : issue))
    .toSorted(byPosition);
}

function byPosition(a: Issue, b: Issue): number {
  const lines = (a.position?.line ?? 0) - (b.position?.line ?? 0);
  return lines === 0 ? (a.position?.column ?? 0) - (b.position?.column ?? 0) : lines;
}
