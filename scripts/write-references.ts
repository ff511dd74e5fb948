/** Writes what is made from the sources and committed: cluster.schema.json and the tables of the documents. */
import { readFileSync, writeFileSync } from 'node:fs';
import { formatFindingCodes } from '../lib/format/format-error-codes.ts';
import { clusterJsonSchemaText } from '../lib/spec/json-schema.ts';
import { currentDocuments } from './docs/current-documents.ts';

const root = new URL('../', import.meta.url);
const errors = new URL('docs/errors.md', root);

/** The text with the tables between its two comments made anew. */
export function withFindingCodes(text: string): string {
  return text.replace(/(<!-- made from [^\n]*-->\n)[\s\S]*?(<!-- end -->)/, `$1\n${formatFindingCodes()}\n$2`);
}

if (import.meta.main) {
  writeFileSync(new URL('cluster.schema.json', root), clusterJsonSchemaText());
  writeFileSync(errors, withFindingCodes(readFileSync(errors, 'utf8')));
  for (const [file, text] of await currentDocuments()) writeFileSync(file, text);
}
