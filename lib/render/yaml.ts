/** What the writer accepts: plain data; `undefined` members are left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

/** Strings that need no quotes in YAML 1.1 and 1.2 alike. Everything else is written as a JSON string, which both read. */
const PLAIN = /^[A-Za-z_./][A-Za-z0-9_./@%+=-]*(?: [A-Za-z0-9_./@%+=(),-]+)*$/;
/** Plain words that some YAML reader takes for a boolean, null, number or merge key. */
const RESERVED =
  /^(?:y|n|yes|no|on|off|true|false|null|none|\.nan|\.inf|nan|inf|~|=|<<|\.[0-9_]*|_[0-9_]*|0x[0-9a-f_]*|[0-9.e+_-]+)$/i;
const INDENT = '  ';

/**
 * Writes block YAML that YAML 1.1 (PyYAML, so cloud-init) and 1.2 readers take for the same value.
 *
 * Multi-line text becomes a literal block; a string that any reader could take for something else is quoted.
 * Deterministic: keys in the order of the object.
 *
 * @returns The document, ended by a newline, without `---`.
 */
export function toYaml(value: YamlValue): string {
  const lines: string[] = [];
  if (isScalar(value) || isEmpty(value)) return `${scalar(value, '')}\n`;
  writeBlock(value, '', lines);
  return `${lines.join('\n')}\n`;
}

function isScalar(value: YamlValue): value is string | number | boolean | null {
  return value === null || typeof value !== 'object';
}

function isEmpty(value: YamlValue): boolean {
  return typeof value === 'object' && value !== null && members(value).length === 0;
}

function members(value: object): unknown[] {
  return Array.isArray(value) ? value : Object.values(value).filter((member) => member !== undefined);
}

function writeBlock(value: YamlValue, indent: string, lines: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly YamlValue[]) {
      if (isScalar(item) || isEmpty(item)) lines.push(`${indent}- ${scalar(item, indent)}`);
      else {
        const first = lines.length;
        writeBlock(item, indent + INDENT, lines);
        // The nested block's own first line takes the dash in place of its indent.
        lines[first] = `${indent}- ${(lines[first] as string).slice(indent.length + INDENT.length)}`;
      }
    }
    return;
  }
  for (const [key, member] of Object.entries(value as Record<string, YamlValue | undefined>)) {
    if (member === undefined) continue;
    const name = quoteIfNeeded(key);
    if (isScalar(member) || isEmpty(member)) lines.push(`${indent}${name}: ${scalar(member, indent)}`);
    else {
      lines.push(`${indent}${name}:`);
      writeBlock(member, Array.isArray(member) ? indent : indent + INDENT, lines);
    }
  }
}

function scalar(value: YamlValue, indent: string): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'object') return Array.isArray(value) ? '[]' : '{}';
  return isLiteral(value) ? literal(value, indent + INDENT) : quoteIfNeeded(value);
}

/** Only text that a literal block keeps byte for byte: printable, no leading blank, no blank-only line at its start. */
function isLiteral(text: string): boolean {
  return (
    text.includes('\n') && /^[^\s]/.test(text) && /^[\n\t\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe]*$/.test(text)
  );
}

function literal(text: string, indent: string): string {
  const body = text.replace(/\n+$/, '');
  const trailing = text.length - body.length;
  const chomp = trailing === 0 ? '-' : trailing === 1 ? '' : '+';
  const blank = trailing > 1 ? '\n'.repeat(trailing - 1) : '';
  return `|${chomp}\n${body.replace(/^(?=.)/gm, indent)}${blank}`;
}

function quoteIfNeeded(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) return text;
  // JSON's escapes are YAML's, but YAML also counts these as line breaks or unprintable.
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
