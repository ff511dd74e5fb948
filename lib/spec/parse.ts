import type { Issue, IssuePath } from '../issue.ts';
import { clusterSchema } from './cluster-schema.ts';
import type { ClusterSpec } from './cluster-spec.ts';
import { finding } from './issue-codes.ts';
import { locateIssues } from './locate.ts';
import { readablePart } from './readable-part.ts';
import { checkReadableRules } from './rules.ts';
import { runSchema } from './schema-findings.ts';
import type { SourceDocument } from './source-document.ts';
import { readYaml } from './yaml-source.ts';

export interface ParsedSpec {
  /** Null when there is an error. */
  readonly spec: ClusterSpec | null;
  /** In the order of the file, each with its position. */
  readonly issues: readonly Issue[];
  readonly source: SourceDocument;
}

/** So many findings are kept; a hostile file could cause a hundred thousand. */
const MAX_ISSUES = 200;

/**
 * Reads a cluster file: every finding at once, with path, line and column; defaults of the schema filled in.
 *
 * Takes text or bytes of untrusted origin: it ends within a second and never throws, whatever it is given.
 * When the shape is wrong the rules (rules.ts) still run over the parts that are whole; when it is right they are left to
 * `resolveCluster`.
 *
 * @param options.file - Name that positions carry; the file is not opened.
 */
export function parseClusterSpec(input: string | Uint8Array, options: { readonly file?: string } = {}): ParsedSpec {
  const { value, issues: yamlIssues, refused, source } = readYaml(input, options.file ?? 'cluster.yaml');
  if (value === undefined) return { spec: null, issues: yamlIssues, source };
  const result = runSchema(clusterSchema, value, source);
  const schemaIssues = result.issues.filter((issue) => !refused.some((path) => isRelated(issue.path, path)));
  const issues = [...yamlIssues, ...schemaIssues];
  if (issues.length === 0) return { spec: result.value, issues, source };
  const part = result.isTruncated ? null : readablePart(result.value, issues);
  if (part !== null) issues.push(...checkReadableRules(part.body, part.unreadable));
  return { spec: null, issues: limit(locateIssues(issues, source), source), source };
}

/** True when one path is the other or leads to it. */
function isRelated(a: IssuePath, b: IssuePath): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((part, index) => part === b[index]);
}

function limit(issues: readonly Issue[], source: SourceDocument): readonly Issue[] {
  if (issues.length <= MAX_ISSUES) return issues;
  const message = `${issues.length - MAX_ISSUES} more findings are not shown`;
  const last = finding('SPEC_MORE', [], message, 'mend the first ones and look again');
  return [...issues.slice(0, MAX_ISSUES), { ...last, position: source.locate([]) }];
}
