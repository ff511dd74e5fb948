import { isScalar, LineCounter, parseDocument as parseYaml, visit } from 'yaml';
import { KeelwayError } from '../errors.ts';
import type { RecordSource } from './record-reader.ts';

/**
 * Parses a YAML or JSON document into plain data.
 *
 * Aliases and duplicate keys are refused. What the parsers say is not passed on: they quote the text, which holds keys.
 *
 * @throws KeelwayError with the source's code; the message names the line.
 */
export async function parseDocument(text: string, source: RecordSource): Promise<unknown> {
  if (text.trimStart().startsWith('{')) return parseJson(text, source);
  const lineCounter = new LineCounter();
  try {
    const document = parseYaml(text, {
      prettyErrors: false,
      lineCounter,
      version: '1.2',
      schema: 'core',
      // The parser compares every key with every other, which takes minutes for a mapping of 100 000.
      uniqueKeys: false,
    });
    const [error] = document.errors;
    if (error !== undefined) {
      throw invalid(source, `is not valid YAML at line ${lineCounter.linePos(error.pos[0]).line} (${error.code})`);
    }
    visit(document, {
      Map(_, { items }) {
        const keys = new Set(items.map(({ key }) => (isScalar(key) ? String(key.value) : null)));
        if (keys.size < items.length || keys.has(null))
          throw invalid(source, 'has a key twice, or one that is no word');
      },
    });
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    if (error instanceof KeelwayError) throw error;
    // Aliases, or a nesting deeper than the parser's stack.
    throw invalid(source, 'is not YAML that Keelway reads (aliases and deep nesting are refused)');
  }
}

function parseJson(text: string, source: RecordSource): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(source, 'is not valid JSON');
  }
}

function invalid({ code, path, hint }: RecordSource, problem: string): KeelwayError {
  return new KeelwayError({ code, message: `${path} ${problem}`, hint });
}
