import * as z from 'zod/mini';
import { clusterSchema } from './cluster-schema.ts';
import { documentation } from './schema/checked.ts';

/** Where editors find the schema of a release. */
const SCHEMA_ID = 'https://keelway.dev/schemas/v1alpha1/cluster.schema.json';

/**
 * The JSON Schema (draft 7, which editors know best) of the cluster file, from the schema that parses it.
 *
 * It checks structure and spelling; what depends on several fields is left to `keelway validate`.
 */
export function clusterJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(clusterSchema, {
    target: 'draft-7',
    io: 'input',
    metadata: documentation,
    override: ({ jsonSchema }) => {
      // Bounds of every JavaScript integer say nothing about the field.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const { $schema, ...rest } = schema as Record<string, unknown>;
  return { $schema, $id: SCHEMA_ID, title: 'Keelway cluster', ...rest };
}

/** What `keelway schema` prints and cluster.schema.json holds; ends with a newline. */
export function clusterJsonSchemaText(): string {
  return `${JSON.stringify(clusterJsonSchema(), null, 2)}\n`;
}
