import { readFileSync } from 'node:fs';
import type { Cluster } from '../../lib/model/cluster.ts';
import { type ParsedSpec, parseClusterSpec } from '../../lib/spec/parse.ts';
import { resolveCluster } from '../../lib/spec/resolve.ts';

export const exampleNames = ['ha', 'ha-3etcd', 'stacked', 'single', 'mixed'] as const;

export type ExampleName = (typeof exampleNames)[number];

export function exampleText(name: ExampleName): string {
  return readFileSync(new URL(`../../examples/${name}/cluster.yaml`, import.meta.url), 'utf8');
}

export function parseExample(name: ExampleName): ParsedSpec {
  return parseClusterSpec(exampleText(name), { file: `examples/${name}/cluster.yaml` });
}

/** The resolved model of an example; throws when the file has an error. */
export function exampleCluster(name: ExampleName): Cluster {
  return clusterOf(exampleText(name), `examples/${name}/cluster.yaml`);
}

/** The resolved model of a cluster file's text; throws when it has an error. Warnings are allowed. */
export function clusterOf(text: string, file: string = 'cluster.yaml'): Cluster {
  const { spec, issues } = parseClusterSpec(text, { file });
  if (spec === null) throw new Error(`${file}: ${JSON.stringify(issues, null, 2)}`);
  const resolved = resolveCluster(spec);
  const errors = resolved.issues.filter((issue) => issue.severity === 'error');
  if (errors.length > 0) throw new Error(`${file}: ${JSON.stringify(errors, null, 2)}`);
  return resolved.cluster;
}
