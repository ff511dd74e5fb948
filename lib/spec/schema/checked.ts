import * as z from 'zod/mini';
import type { IssueCode } from '../issue-codes.ts';

/** What JSON Schema and editors show beside the structure of a schema. */
export interface SchemaDocumentation {
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

/** Descriptions, patterns and examples of the cluster file's fields; read by json-schema.ts. */
export const documentation: z.core.$ZodRegistry<SchemaDocumentation> = z.registry<SchemaDocumentation>();

/** Why a value is refused and how to write it. */
export interface Problem {
  readonly code: IssueCode;
  readonly message: string;
  readonly hint: string;
}

/** The `params` that a check of ours leaves in zod's issue; zod-findings.ts turns them into a finding. */
export interface ProblemParams {
  readonly problem: Problem;
}

/** Documents a schema and returns it. */
export function described<Schema extends z.ZodMiniType>(
  schema: Schema,
  description: string,
  extra: SchemaDocumentation = {},
): Schema {
  documentation.add(schema, { description, ...extra });
  return schema;
}

/** Makes a field of the cluster file, with an example of its own where the kind's would mislead. */
export type CheckedField = (description: string, example?: string) => z.ZodMiniString<string>;

/**
 * A string with one spelling.
 *
 * @param pattern - What editors check; `problemOf` has the last word.
 * @param examples - For fields that name none of their own.
 * @param problemOf - Null when the text is right.
 */
export function checkedString(options: {
  readonly pattern: RegExp;
  readonly examples: readonly string[];
  readonly problemOf: (text: string) => Problem | null;
}): CheckedField {
  return (description, example) =>
    described(z.string().check(problemCheck(options.problemOf)), description, {
      pattern: options.pattern.source,
      examples: example === undefined ? options.examples : [example],
    });
}

/** A check that reports a {@link Problem} and lets the other checks go on. */
export function problemCheck<Value>(problemOf: (value: Value) => Problem | null): z.core.CheckFn<Value> {
  return (payload) => {
    const problem = problemOf(payload.value);
    if (problem === null) return;
    const params: ProblemParams = { problem };
    payload.issues.push({
      code: 'custom',
      input: payload.value,
      message: problem.message,
      params: { ...params },
      continue: true,
    });
  };
}
