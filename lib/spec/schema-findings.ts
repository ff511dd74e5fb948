import type * as z from 'zod/mini';
import type { Issue, IssuePath } from '../issue.ts';
import { formatIssuePath } from '../issue.ts';
import { foreignFields, foreignKey, foreignValues } from './foreign-names.ts';
import { finding } from './issue-codes.ts';
import { located } from './locate.ts';
import type { ProblemParams } from './schema/checked.ts';
import { exampleOf, fieldsAt, patternOf, placesOf } from './schema-fields.ts';
import { showValue } from './show-value.ts';
import type { SourceDocument } from './source-document.ts';
import { nearest } from './suggest.ts';

type RawIssue = z.core.$ZodRawIssue;

/** So many are worded, and so many keys of one mapping; a hostile file could cause a hundred thousand. */
const MAX_RAW_ISSUES = 1000;
const MAX_UNKNOWN_KEYS = 100;

/** What the schema made of a value: as far as it could be read, with the findings. */
export interface SchemaResult<Value> {
  /** Complete and right only when there are no issues. */
  readonly value: Value;
  readonly issues: readonly Issue[];
  /** True when there are more findings than were worded. */
  readonly isTruncated: boolean;
}

/**
 * Runs a schema over plain data and words every finding for the person who wrote the file.
 *
 * zod's generated code is left off: compiling it costs more than one parse.
 */
export function runSchema<Value>(
  schema: z.ZodMiniType<Value, unknown>,
  value: unknown,
  source: SourceDocument,
): SchemaResult<Value> {
  const result = schema._zod.run({ value, issues: [] }, { async: false, jitless: true });
  if (result instanceof Promise) throw new TypeError('the schema is asynchronous');
  const context: Context = { schema, value, source, meant: new Set() };
  const issues = result.issues.slice(0, MAX_RAW_ISSUES).flatMap((issue) => findingsOf(issue, context));
  const seen = new Set<string>();
  const isNews = ({ code, path }: Issue): boolean => {
    const place = formatIssuePath(path);
    // `ip` for `address` is one mistake, not an unknown field and a missing one.
    if (code === 'SPEC_FIELD_MISSING' && context.meant.has(place)) return false;
    // A number beyond all numbers breaks two bounds at once.
    const isKnown = seen.has(`${code} ${place}`);
    seen.add(`${code} ${place}`);
    return !isKnown;
  };
  const isTruncated = result.issues.length > MAX_RAW_ISSUES;
  return { value: result.value as Value, issues: issues.filter(isNews), isTruncated };
}

interface Context {
  readonly schema: z.ZodMiniType;
  readonly value: unknown;
  readonly source: SourceDocument;
  /** Paths of fields that an unknown key was taken for. */
  readonly meant: Set<string>;
}

function findingsOf(raw: RawIssue, context: Context): readonly Issue[] {
  const path = (raw.path ?? []).map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (raw.code === 'unrecognized_keys') {
    return (raw.keys as readonly string[]).slice(0, MAX_UNKNOWN_KEYS).map((key) => unknownField(key, path, context));
  }
  return [located(findingOf(raw, path, context), context.source)];
}

function findingOf(raw: RawIssue, path: IssuePath, context: Context): Issue {
  const input = valueAt(context.value, path);
  const field = fieldName(path);
  if (raw.code === 'custom') {
    const { problem } = raw.params as unknown as ProblemParams;
    return finding(problem.code, path, problem.message, problem.hint);
  }
  if (input === undefined) {
    return finding('SPEC_FIELD_MISSING', path, `${field} is missing`, missingHint(raw, path, context));
  }
  if (input === null) {
    return finding('SPEC_FIELD_EMPTY', path, `${field} has no value`, 'give it one, or remove the line');
  }
  if (raw.code === 'invalid_value') return unknownValue(raw, path, input);
  if (raw.code === 'too_small' || raw.code === 'too_big') return outOfRange(raw, path, input, field);
  return wrongType(raw, path, input, context);
}

function missingHint(raw: RawIssue, path: IssuePath, context: Context): string {
  const [example] = exampleOf(context.schema, path);
  const name = String(path.at(-1) ?? '');
  return example === undefined ? `add ${name}: ${expectedText(raw)}` : `add it, for instance ${name}: ${example}`;
}

function wrongType(raw: RawIssue, path: IssuePath, input: unknown, context: Context): Issue {
  const written = context.source.textAt(path);
  const expected = expectedText(raw);
  const shown = typeof input === 'object' ? fieldName(path) : showValue(written ?? input);
  const message = `${shown} is ${kindOf(input)}, not ${expected}`;
  const [example] = exampleOf(context.schema, path);
  const fields = fieldsAt(context.schema, path);
  let hint = `write ${expected}`;
  if (expected === 'text' && typeof input !== 'object') {
    const fits = patternOf(context.schema, path)?.test(written ?? '') ?? true;
    hint =
      fits || example === undefined ? `quote it: "${written ?? String(input)}"` : `write text, for instance ${example}`;
  } else if (fields.length > 0) {
    hint = `write a mapping with ${fields.join(', ')}`;
  } else if (Array.isArray(input) === false && expected === 'a list' && typeof input === 'string') {
    hint = 'write a list: [...], or one entry a line with a hyphen in front';
  }
  return finding('SPEC_TYPE', path, message, hint);
}

function unknownField(key: string, path: IssuePath, context: Context): Issue {
  const known = fieldsAt(context.schema, path);
  const place = [...path, key];
  if (SECRET_KEY.test(key)) {
    const hint = known.includes('passwordFile')
      ? 'write passwordFile with the path of a file that holds it'
      : 'remove it: the cluster file is made to be committed';
    return located(
      finding('SPEC_SECRET', place, `${showValue(key)} is no field, and no secret belongs into this file`, hint),
      context.source,
      'key',
    );
  }
  const foreign = foreignFields[foreignKey(key)];
  const meant = foreign !== undefined && known.includes(foreign) ? foreign : nearest(key, known);
  let hint = `fields here: ${known.join(', ')}`;
  if (meant !== null) {
    hint = `did you mean ${meant}?`;
    context.meant.add(formatIssuePath([...path, meant]));
  } else {
    const [elsewhere] = placesOf(context.schema, foreign ?? key);
    if (elsewhere !== undefined) hint = `did you mean ${elsewhere}?`;
  }
  const where = path.length === 0 ? 'the file' : formatIssuePath(path);
  const issue = finding('SPEC_FIELD_UNKNOWN', place, `${showValue(key)} is not a field of ${where}`, hint);
  return located(issue, context.source, 'key');
}

/** Keys of secrets in other formats. */
const SECRET_KEY = /^(?:.*password|.*passphrase|.*secret|.*token|.*privatekey|.*apikey|.*credentials?)$/i;

function unknownValue(raw: RawIssue, path: IssuePath, input: unknown): Issue {
  const values = (raw.values as readonly unknown[]).map(String);
  const field = String(path.at(-1) ?? '');
  const meant = foreignValues[field]?.[foreignKey(String(input))] ?? nearest(String(input), values);
  const only = values.length === 1 ? `write ${values[0]}` : `write one of ${values.join(', ')}`;
  const hint = meant === null || meant === undefined || values.length === 1 ? only : `did you mean ${meant}? ${only}`;
  return finding('SPEC_VALUE_UNKNOWN', path, `${showValue(input)} is no ${fieldName(path)}`, hint);
}

function outOfRange(raw: RawIssue, path: IssuePath, input: unknown, field: string): Issue {
  const isTooBig = raw.code === 'too_big';
  const bound = String(isTooBig ? raw.maximum : raw.minimum);
  if (Array.isArray(input)) {
    const message = `${field} has ${input.length} entries; ${isTooBig ? 'at most' : 'at least'} ${bound} are possible`;
    return finding('SPEC_VALUE_RANGE', path, message, isTooBig ? 'remove some' : 'add one');
  }
  const message = `${field} is ${showValue(input)}; ${isTooBig ? 'at most' : 'at least'} ${bound} is possible`;
  return finding('SPEC_VALUE_RANGE', path, message, `write a number ${isTooBig ? 'up to' : 'from'} ${bound}`);
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function expectedText(raw: RawIssue): string {
  if (raw.code === 'invalid_value') return (raw.values as readonly unknown[]).map(String).join(' or ');
  return EXPECTED[String(raw.expected)] ?? 'a value';
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'a boolean' : 'a number';
}

function fieldName(path: IssuePath): string {
  const name = path.findLast((part) => typeof part === 'string');
  const index = path.at(-1);
  if (name === undefined) return 'the file';
  return typeof index === 'number' ? `an entry of ${name}` : String(name);
}

function valueAt(root: unknown, path: IssuePath): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
