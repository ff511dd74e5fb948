import { Composer, type Document, Lexer, type ParsedNode, Parser } from 'yaml';
import type { Issue } from '../issue.ts';
import { finding } from './issue-codes.ts';
import { visible } from './show-value.ts';

/** A finding at an offset of the text. */
export interface TextFinding {
  readonly issue: Issue;
  readonly offset: number;
}

export type ComposedYaml = { readonly root: ParsedNode | null } | { readonly findings: readonly TextFinding[] };

/** Nodes on the parser's stack; a value takes about three a level. */
const MAX_STACK = 100;
/** Room for 5000 machines, the most that one Kubernetes cluster may have; keeps the worst case below a second and 1 GB. */
const MAX_LEXEMES = 220_000;
const MAX_SYNTAX_FINDINGS = 10;

const OPTIONS = {
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
 * Parses one YAML document of untrusted origin; never throws for bad input.
 *
 * Lexer and parser work without recursion, so length and depth are known before the composer, which recurses, sees a token.
 *
 * @returns The tree (null: nothing but comments), or what is wrong with the text.
 */
export function composeYaml(text: string): ComposedYaml {
  const findings: TextFinding[] = [];
  let root: ParsedNode | null = null;
  let documents = 0;
  const composer = new Composer(OPTIONS);
  // The composer's own list of errors has no bound, and each costs a stack trace.
  const stop = new TypeError('too many syntax errors');
  const onError: ComposerErrorHandler = (place, code, message, isWarning) => {
    if (isWarning === true) return;
    findings.push(syntaxFinding(code, message, offsetOf(place)));
    if (findings.length >= MAX_SYNTAX_FINDINGS) throw stop;
  };
  Reflect.set(composer, 'onError', onError);
  const keep = (composed: Iterable<Document.Parsed>): void => {
    for (const document of composed) root = document.contents;
  };
  try {
    for (const token of boundedTokens(text)) {
      if ('issue' in token) return { findings: [token] };
      if (token.type === 'document') documents += 1;
      if (documents > 1) {
        const hint = 'keep one; write a file for each cluster';
        const issue = finding('SPEC_YAML_DOCUMENTS', [], 'the file holds several documents', hint);
        return { findings: [{ issue, offset: token.offset }] };
      }
      if (token.type === 'error') onError(token.offset, 'UNEXPECTED_TOKEN', token.message);
      else keep(composer.next(token));
    }
    keep(composer.end(documents === 0, text.length));
  } catch (error) {
    if (error !== stop) throw error;
  }
  return findings.length > 0 ? { findings } : { root };
}

type Token = Parameters<Composer['next']>[0];

function* boundedTokens(text: string): Generator<Token | TextFinding, void> {
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MAX_LEXEMES) {
      const message = 'the file holds more than a cluster file can';
      const issue = finding('SPEC_TOO_LARGE', [], message, 'check that this is the right file; 5000 machines fit in');
      return yield { issue, offset: parser.offset };
    }
    if (parser.stack.length > MAX_STACK) {
      const issue = finding(
        'SPEC_YAML_DEPTH',
        [],
        'values are nested more than 30 levels deep',
        'a cluster file needs eight',
      );
      return yield { issue, offset: parser.offset };
    }
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive') {
        const message = `the directive ${visible(token.source.slice(0, 40))} is not used in a cluster file`;
        return yield { issue: finding('SPEC_YAML_TAG', [], message, 'remove the line'), offset: token.offset };
      }
      yield token;
    }
  }
  yield* parser.end();
}

type ErrorPlace = number | readonly number[] | { readonly offset: number };
type ComposerErrorHandler = (place: ErrorPlace, code: string, message: string, isWarning?: boolean) => void;

function offsetOf(place: ErrorPlace): number {
  if (typeof place === 'number') return place;
  return 'offset' in place ? place.offset : (place[0] ?? 0);
}

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent the keys of one mapping alike, with spaces',
  MULTILINE_IMPLICIT_KEY: 'check the indentation and the quotes of the line',
  MISSING_CHAR: 'check quotes, brackets and the space after a colon',
  BAD_ALIAS: 'quote the value when the asterisk belongs to it',
  BAD_SCALAR_START: 'quote the value',
  BAD_DQ_ESCAPE: 'double the backslash, or use single quotes',
  IMPOSSIBLE: 'check the indentation',
  BLOCK_AS_IMPLICIT_KEY: 'quote the value when the colon belongs to it, or indent the line below its key',
  NON_STRING_KEY: 'write plain text as key',
};

function syntaxFinding(code: string, text: string, offset: number): TextFinding {
  const message = visible(text.replace(/\n[\s\S]*/, '')).slice(0, 200);
  const issueCode = code === 'NON_STRING_KEY' ? 'SPEC_KEY_FORBIDDEN' : 'SPEC_YAML_SYNTAX';
  const hint = HINTS[code] ?? 'check brackets, commas, quotes and indentation';
  return { issue: finding(issueCode, [], message, hint), offset };
}
