import { formatIssuePath, type Issue } from '../../lib/issue.ts';
import { locateIssues } from '../../lib/spec/locate.ts';
import { parseClusterSpec } from '../../lib/spec/parse.ts';
import { resolveCluster } from '../../lib/spec/resolve.ts';

/** Everything `keelway validate` would say about a file, in the order of the file. */
export function findingsOf(input: string | Uint8Array, file: string = 'cluster.yaml'): readonly Issue[] {
  const { spec, issues, source } = parseClusterSpec(input, { file });
  return spec === null ? issues : locateIssues(resolveCluster(spec).issues, source);
}

/** `ETCD_TIMERS spec.etcd.electionTimeout 18:3`, as the bad cluster files announce their findings. */
export function summaryOf({ code, path, position }: Issue): string {
  const text = formatIssuePath(path);
  return position === undefined ? `${code} ${text}` : `${code} ${text} ${position.line}:${position.column}`;
}
