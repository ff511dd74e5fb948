import type * as z from 'zod/mini';
import type { Issue, IssuePath } from '../issue.ts';
import { formatIssuePath } from '../issue.ts';
import { foreignFields, foreignKey, foreignValues } from './foreign-names.ts';
import { finding } from './issue-codes.ts';
import type { ProblemParams } from './schema/checked.ts';
import { fieldsAt, placesOf } from './schema-fields.ts';
import { showValue } from './show-value.ts';
import type { SourceDocument } from './source-document.ts';
import { nearest } from './suggest.ts';

type RawIssue = z.core.$ZodRawIssue;

/** What the schema made of a value: as far as it could be read, with the findings. */
export interface SchemaResult<Value> {
  /** Complete and right only when there are no issues. */
  readonly value: Value;
  readonly issues: readonly Issue[];
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
  const issues = result.issues.flatMap((issue) => findingsOf(issue, { schema, value, source }));
  return { value: result.value as Value, issues };
}

interface Context {
  readonly schema: z.ZodMiniType;
  readonly value: unknown;
  readonly source: SourceDocument;
}

function findingsOf(raw: RawIssue, context: Context): readonly Issue[] {
  const path = (raw.path ?? []).map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (raw.code === 'unrecognized_keys') {
    return (raw.keys as readonly string[]).map((key) => unknownField(key, path, context));
  }
  const issue = findingOf(raw, path, context);
  return [{ ...issue, position: context.source.locate(path) }];
}

function findingOf(raw: RawIssue, path: IssuePath, context: Context): Issue {
  const input = valueAt(context.value, path);
  const field = fieldName(path);
  if (raw.code === 'custom') {
    const { problem } = raw.params as unknown as ProblemParams;
    return finding(problem.code, path, problem.message, problem.hint);
  }
  if (input === undefined) {
    return finding('SPEC_FIELD_MISSING', path, `${field} is missing`, `add ${field}: ${expectedText(raw)}`);
  }
  if (input === null) {
    return finding('SPEC_FIELD_EMPTY', path, `${field} has no value`, 'give it one, or remove the line');
  }
  if (raw.code === 'invalid_value') return unknownValue(raw, path, input);
  if (raw.code === 'too_small' || raw.code === 'too_big') return outOfRange(raw, path, input, field);
  const written = context.source.textAt(path);
  const shown = written === null ? showValue(input) : showValue(written);
  const expected = expectedText(raw);
  const hint =
    typeof input === 'object' || expected !== 'text' ? `write ${expected}` : `quote it: "${written ?? String(input)}"`;
  return finding('SPEC_TYPE', path, `${shown} is ${kindOf(input)}, not ${expected}`, hint);
}

function unknownField(key: string, path: IssuePath, context: Context): Issue {
  const known = fieldsAt(context.schema, path);
  const foreign = foreignFields[foreignKey(key)];
  let hint = `fields here: ${known.join(', ')}`;
  const meant = foreign !== undefined && known.includes(foreign) ? foreign : nearest(key, known);
  if (key.toLowerCase() === 'password')
    hint = 'no secret belongs into this file: write passwordFile with the path of a file';
  else if (meant !== null) hint = `did you mean ${meant}?`;
  else {
    const [place] = placesOf(context.schema, foreign ?? key);
    if (place !== undefined) hint = `did you mean ${place}?`;
  }
  const where = path.length === 0 ? 'the file' : formatIssuePath(path);
  const issue = finding('SPEC_FIELD_UNKNOWN', [...path, key], `${showValue(key)} is not a field of ${where}`, hint);
  return { ...issue, position: context.source.locate([...path, key], 'key') };
}

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
  return typeof value === 'boolean' ? 'true or false' : 'a number';
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
