import { readFileSync } from 'node:fs';
import { clusterFileFields } from './cluster-file-fields.ts';
import { examplePlan } from './example-plan.ts';
import { fileTable, portTable, unitTable } from './machine-tables.ts';
import { withGenerated } from './markdown.ts';

const FOLDER = new URL('../../docs/', import.meta.url);

/** Documents with parts that are made from the sources, as they should be. */
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
