import { Composer, type Document, Lexer, type ParsedNode, Parser, type YAMLParseError } from 'yaml';
import type { Issue } from '../issue.ts';
import { decodeText } from './decode-text.ts';
import { finding } from './issue-codes.ts';
import { visible } from './show-value.ts';
import { createSourceDocument, type SourceDocument } from './source-document.ts';
import { toPlainValue } from './yaml-value.ts';

/** A YAML text as plain data. */
export interface YamlSource {
  /** Undefined when the text could not be read at all. */
  readonly value: unknown;
  readonly issues: readonly Issue[];
  /** Paths whose value was refused (an alias, a tag); what a schema says about them is noise. */
  readonly refused: readonly Issue['path'][];
  readonly source: SourceDocument;
}

const MAX_STACK = 100;
const MAX_SYNTAX_ISSUES = 10;

const COMPOSE_OPTIONS = {
  // The schema stands here so that a %YAML directive cannot change how values are read.
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  // The library compares every key with every other; yaml-value.ts looks for duplicates in linear time.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/**
 * Reads one YAML document of untrusted origin into plain data; never throws for bad input.
 *
 * Size, encoding and nesting are bounded before anything recursive sees the text. Aliases, merge keys, tags, directives,
 * duplicate keys and keys that objects reserve are refused.
 */
export function readYaml(input: string | Uint8Array, file: string): YamlSource {
  const decoded = decodeText(input);
  if (typeof decoded !== 'string') {
    return { value: undefined, issues: [decoded], refused: [], source: createSourceDocument(file, '', null) };
  }
  const unlocated = createSourceDocument(file, decoded, null);
  const fail = (issue: Issue, offset: number): YamlSource => ({
    value: undefined,
    issues: [{ ...issue, position: unlocated.at(offset) }],
    refused: [],
    source: unlocated,
  });

  const composed = compose(decoded);
  if ('issue' in composed) return fail(composed.issue, composed.offset);
  const { document } = composed;
  if (document.errors.length > 0) {
    const issues = document.errors.slice(0, MAX_SYNTAX_ISSUES).map((error) => syntaxIssue(error, unlocated));
    return { value: undefined, issues, refused: [], source: unlocated };
  }
  const root = document.contents;
  if (root === null || (root.range !== null && root.range[0] === root.range[1])) {
    return fail(finding('SPEC_EMPTY', [], 'the file holds no document', '`keelway init` writes a first one'), 0);
  }
  const source = createSourceDocument(file, decoded, root);
  return { ...toPlainValue(root, source), source };
}

type Composed = { readonly document: Document.Parsed<ParsedNode> } | { readonly issue: Issue; readonly offset: number };

/** Lexer and parser work without recursion, so the depth is known before the composer, which recurses, sees a token. */
function compose(text: string): Composed {
  const parser = new Parser();
  const composer = new Composer(COMPOSE_OPTIONS);
  let document: Document.Parsed<ParsedNode> | null = null;
  for (const lexeme of new Lexer().lex(text)) {
    if (parser.stack.length > MAX_STACK) {
      const message = 'values are nested more than 30 levels deep';
      return { issue: finding('SPEC_YAML_DEPTH', [], message, 'a cluster file needs eight'), offset: parser.offset };
    }
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive') {
        const message = `the directive ${visible(token.source.slice(0, 40))} is not used in a cluster file`;
        return { issue: finding('SPEC_YAML_TAG', [], message, 'remove the line'), offset: token.offset };
      }
      for (const next of composer.next(token)) {
        if (document !== null) return severalDocuments(document);
        document = next;
      }
    }
  }
  for (const token of parser.end()) {
    for (const next of composer.next(token)) {
      if (document !== null) return severalDocuments(document);
      document = next;
    }
  }
  for (const next of composer.end(document === null, text.length)) {
    if (document !== null) return severalDocuments(document);
    document = next;
  }
  if (document === null) return { issue: finding('SPEC_EMPTY', [], 'the file holds no document'), offset: 0 };
  return { document };
}

function severalDocuments(first: Document.Parsed<ParsedNode>): Composed {
  const hint = 'keep one; write a file for each cluster';
  return {
    issue: finding('SPEC_YAML_DOCUMENTS', [], 'the file holds several documents', hint),
    offset: first.range[2],
  };
}

const SYNTAX_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent the keys of one mapping alike, with spaces',
  MULTILINE_IMPLICIT_KEY: 'check the indentation and the quotes of the line',
  MISSING_CHAR: 'check quotes, brackets and the space after a colon',
  BAD_ALIAS: 'quote the value when the asterisk belongs to it',
  IMPOSSIBLE: 'check the indentation',
  BLOCK_AS_IMPLICIT_KEY: 'quote the value when the colon belongs to it, or indent the line below its key',
  UNEXPECTED_TOKEN: 'check brackets, commas and indentation; quote values that begin with a special character',
  NON_STRING_KEY: 'write plain text as key',
};

function syntaxIssue(error: YAMLParseError, source: SourceDocument): Issue {
  const message = visible(error.message.replace(/\n[\s\S]*/, '')).slice(0, 200);
  const code = error.code === 'NON_STRING_KEY' ? 'SPEC_KEY_FORBIDDEN' : 'SPEC_YAML_SYNTAX';
  const issue = finding(code, [], message, SYNTAX_HINTS[error.code] ?? 'see https://yaml.org for the syntax');
  return { ...issue, position: source.at(error.pos[0]) };
}
