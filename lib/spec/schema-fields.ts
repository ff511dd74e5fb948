import type * as z from 'zod/mini';
import type { IssuePath } from '../issue.ts';
import { documentation } from './schema/checked.ts';

/** The part of zod's definitions that is walked here. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodMiniType>>;
  readonly innerType?: z.ZodMiniType;
  readonly element?: z.ZodMiniType;
}

function definition(schema: z.ZodMiniType): Definition {
  return schema._zod.def as unknown as Definition;
}

function unwrap(schema: z.ZodMiniType): z.ZodMiniType {
  let inner = schema;
  for (let next = definition(inner).innerType; next !== undefined; next = definition(inner).innerType) inner = next;
  return inner;
}

/** The schema at a path of the data, without optional and default around it; null when there is none. */
function schemaAt(schema: z.ZodMiniType, path: IssuePath): z.ZodMiniType | null {
  let current = unwrap(schema);
  for (const part of path) {
    const { shape, element } = definition(current);
    const next = typeof part === 'number' ? element : Object.hasOwn(shape ?? {}, part) ? shape?.[part] : undefined;
    if (next === undefined) return null;
    current = unwrap(next);
  }
  return current;
}

/** Field names of the object at a path of the data; empty when the schema has no object there. */
export function fieldsAt(schema: z.ZodMiniType, path: IssuePath): readonly string[] {
  const found = schemaAt(schema, path);
  return found === null ? [] : Object.keys(definition(found).shape ?? {});
}

/** Documented examples of the text at a path. */
export function exampleOf(schema: z.ZodMiniType, path: IssuePath): readonly string[] {
  const found = schemaAt(schema, path);
  return ((found === null ? undefined : documentation.get(found)?.examples) ?? []) as readonly string[];
}

/** Documented pattern of the text at a path; null when any text will do. */
export function patternOf(schema: z.ZodMiniType, path: IssuePath): RegExp | null {
  const found = schemaAt(schema, path);
  const pattern = found === null ? undefined : documentation.get(found)?.pattern;
  return typeof pattern === 'string' ? new RegExp(pattern) : null;
}

/** Every place of a field, as a person would name it: `spec.network.podCIDR`, `spec.machines[].mac`. */
export function placesOf(schema: z.ZodMiniType, field: string): readonly string[] {
  const places: string[] = [];
  const walk = (candidate: z.ZodMiniType, place: string): void => {
    const { shape, element } = definition(unwrap(candidate));
    if (element !== undefined) walk(element, `${place}[]`);
    for (const [name, next] of Object.entries(shape ?? {})) {
      const inner = place === '' ? name : `${place}.${name}`;
      if (name === field) places.push(inner);
      walk(next, inner);
    }
  };
  walk(schema, '');
  return places;
}
