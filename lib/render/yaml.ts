/** What the writer accepts: plain data; `undefined` members are left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

/** Strings that need no quotes in YAML 1.1 and 1.2 alike, but for words with a meaning of their own. */
const PLAIN = /^[A-Za-z_./][A-Za-z0-9_./@%+=-]*(?: [A-Za-z0-9_./@%+=(),-]+)*$/;
/** Of these, what some YAML reader takes for a number: `.5`, `_1`. */
const NUMBER = /^(?:\.[0-9_]*|_[0-9_]*|[0-9.e+_-]+)$/i;
/** And what some YAML reader takes for a boolean, null or number. */
const WORDS: ReadonlySet<string> = new Set(
  ['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null', 'none', 'nan', 'inf', '.nan', '.inf'].values(),
);
const LONGEST_WORD = 5;
/** What a literal block keeps byte for byte: printable text that does not begin with a blank. */
const LITERAL = /^(?!\s)[\n\t\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe]*$/;
const INDENT = '  ';

/** How texts of several lines were written, by indent. */
type KnownTexts = Map<string, Map<string, string>>;

/**
 * Writes block YAML that YAML 1.1 (PyYAML, so cloud-init) and 1.2 readers take for the same value.
 *
 * Multi-line text becomes a literal block; a string that any reader could take for something else is quoted.
 * Deterministic: keys in the order of the object.
 *
 * @returns The document, ended by a newline, without `---`.
 */
export function toYaml(value: YamlValue): string {
  return document(value, null);
}

/** A {@link toYaml} that remembers texts of several lines: the same scripts and units go to every machine. */
export function createYamlWriter(): (value: YamlValue) => string {
  const known: KnownTexts = new Map();
  return (value) => document(value, known);
}

function document(value: YamlValue, known: KnownTexts | null): string {
  return isBlock(value) ? `${block(value, '\n', '', known)}\n` : `${scalar(value, '\n', known)}\n`;
}

/** True for what takes lines of its own: lists and mappings with members. */
function isBlock(value: YamlValue): value is Exclude<YamlValue, string | number | boolean | null> {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length > 0;
  for (const key in value) if ((value as Record<string, unknown>)[key] !== undefined) return true;
  return false;
}

/**
 * @param start - The newline and the indent that every line of the block starts with.
 * @param first - What the first line starts with instead: nothing, or the dash of the list that the block is an item of.
 */
function block(
  value: Exclude<YamlValue, string | number | boolean | null>,
  start: string,
  first: string,
  known: KnownTexts | null,
): string {
  let text = '';
  let head = first;
  if (Array.isArray(value)) {
    for (const item of value as readonly YamlValue[]) {
      text += isBlock(item)
        ? block(item, start + INDENT, `${head}- `, known)
        : `${head}- ${scalar(item, start, known)}`;
      head = start;
    }
    return text;
  }
  for (const [key, member] of Object.entries(value as Record<string, YamlValue | undefined>)) {
    if (member === undefined) continue;
    text += `${head}${quoteIfNeeded(key)}:`;
    head = start;
    const deeper = Array.isArray(member) ? start : start + INDENT;
    text += isBlock(member) ? block(member, deeper, deeper, known) : ` ${scalar(member, start, known)}`;
  }
  return text;
}

function scalar(value: YamlValue, start: string, known: KnownTexts | null): string {
  if (typeof value === 'string') {
    if (!value.includes('\n')) return quoteIfNeeded(value);
    return known === null ? lines(value, start + INDENT) : knownLines(value, start + INDENT, known);
  }
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? '[]' : '{}';
  return String(value);
}

function knownLines(text: string, start: string, known: KnownTexts): string {
  let texts = known.get(start);
  if (texts === undefined) {
    texts = new Map();
    known.set(start, texts);
  }
  let written = texts.get(text);
  if (written === undefined) {
    written = lines(text, start);
    texts.set(text, written);
  }
  return written;
}

function lines(text: string, start: string): string {
  return LITERAL.test(text) ? literal(text, start) : quoteIfNeeded(text);
}

function literal(text: string, start: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 10) end -= 1;
  const trailing = text.length - end;
  const chomp = trailing === 0 ? '-' : trailing === 1 ? '' : '+';
  const blank = trailing > 1 ? '\n'.repeat(trailing - 1) : '';
  const body = text.slice(0, end).replaceAll('\n', start);
  // Empty lines stay empty; in a row of them the matches overlap, so every other one is left to the second pass.
  const empty = `${start}\n`;
  const sparse = body.includes(empty) ? body.replaceAll(empty, '\n\n').replaceAll(empty, '\n\n') : body;
  return `|${chomp}${start}${sparse}${blank}`;
}

function quoteIfNeeded(text: string): string {
  if (PLAIN.test(text) && !isReserved(text)) return text;
  // JSON's escapes are YAML's, but YAML also counts these as line breaks or unprintable.
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escapeUnit);
}

function isReserved(text: string): boolean {
  if (text.length <= LONGEST_WORD && WORDS.has(text.toLowerCase())) return true;
  const first = text.charCodeAt(0);
  return (first === 0x2e || first === 0x5f || first === 0x45 || first === 0x65) && NUMBER.test(text);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
