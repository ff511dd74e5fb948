import type { Issue, IssuePath } from '../issue.ts';
import { composeYaml, type TextFinding } from './compose-yaml.ts';
import { decodeText } from './decode-text.ts';
import { finding } from './issue-codes.ts';
import { withPosition } from './locate.ts';
import { createSourceDocument, type SourceDocument } from './source-document.ts';
import { toPlainValue } from './yaml-value.ts';

/** A YAML text as plain data. */
export interface YamlSource {
  /** Undefined when the text could not be read at all. */
  readonly value: unknown;
  readonly issues: readonly Issue[];
  /** Paths whose value was refused (an alias, a tag); what a schema says about them is noise. */
  readonly refused: readonly IssuePath[];
  readonly source: SourceDocument;
}

/**
 * Reads one YAML document of untrusted origin into plain data; never throws for bad input.
 *
 * Size, encoding, length and nesting are bounded before anything recursive sees the text. Aliases, merge keys, tags,
 * directives, duplicate keys and keys that objects reserve are refused.
 */
export function readYaml(input: string | Uint8Array, file: string): YamlSource {
  const text = decodeText(input);
  if (typeof text !== 'string') {
    return { value: undefined, issues: [text], refused: [], source: createSourceDocument(file, '', null) };
  }
  const unlocated = createSourceDocument(file, text, null);
  const fail = (findings: readonly TextFinding[]): YamlSource => {
    const issues = findings.map(({ issue, offset }) => withPosition(issue, unlocated.at(offset)));
    return { value: undefined, issues, refused: [], source: unlocated };
  };
  const composed = composeYaml(text);
  if ('findings' in composed) return fail(composed.findings);
  const { root } = composed;
  if (root === null || root.range === null || root.range[0] === root.range[1]) {
    const issue = finding(
      'SPEC_EMPTY',
      [],
      'the file holds no document',
      'docs/cluster-file.md tells every field, `keelway schema` prints them',
    );
    return fail([{ issue, offset: 0 }]);
  }
  const source = createSourceDocument(file, text, root);
  return { ...toPlainValue(root, source), source };
}
