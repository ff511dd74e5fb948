/** Writes the parts of the documents that are made from the sources, between `<!-- generated: ... -->` and `<!-- end -->`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { clusterFileFields } from './docs/cluster-file-fields.ts';
import { examplePlan } from './docs/example-plan.ts';
import { fileTable, portTable, unitTable } from './docs/machine-tables.ts';
import { withGenerated } from './docs/markdown.ts';

const FOLDER = new URL('../docs/', import.meta.url);

/** Documents with generated parts, as they should be. */
export async function currentDocuments(): Promise<ReadonlyMap<URL, string>> {
  const plan = await examplePlan();
  const parts = {
    fields: clusterFileFields(),
    units: unitTable(plan),
    files: fileTable(plan),
    ports: portTable(plan),
  };
  const files = ['cluster-file.md', 'machine.md'].map((name) => new URL(name, FOLDER));
  return new Map(files.map((file) => [file, withGenerated(readFileSync(file, 'utf8'), parts)]));
}

if (import.meta.main) for (const [file, text] of await currentDocuments()) writeFileSync(file, text);
