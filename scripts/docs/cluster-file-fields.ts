import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { clusterJsonSchema } from '../../lib/spec/json-schema.ts';
import { code, markdownTable } from './markdown.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);

/** The part of JSON Schema that the cluster file's uses. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Section {
  readonly paths: string[];
  /** One for each path. */
  readonly descriptions: Set<string>;
}

/** Values of the example files by path (`spec.machines[].mac`). */
type Examples = ReadonlyMap<string, string>;

/** Every field of the cluster file, one table for each object; objects of one shape share a table. */
export function clusterFileFields(): string {
  const sections = new Map<string, Section>();
  collect(clusterJsonSchema() as Schema, '', exampleValues(), sections);
  return [...sections]
    .map(([table, { paths, descriptions }]) => {
      // Of objects that share a table, the description of one says nothing about the other.
      const [description] = descriptions.size === 1 ? descriptions : ['One object for each of them.'];
      return `### ${headingOf(paths)}\n\n${description}\n\n${table}`;
    })
    .join('\n');
}

function collect(schema: Schema, path: string, examples: Examples, sections: Map<string, Section>): void {
  const { properties = {}, required = [], description = '' } = schema;
  const innerPath = (name: string) => (path === '' ? name : `${path}.${name}`);
  const rows = Object.entries(properties).map(([name, field]) => [
    code(name),
    required.includes(name) ? 'required' : defaultOf(field),
    valuesOf(field, examples.get(innerPath(name))),
    meaningOf(field),
  ]);
  const table = markdownTable(['field', 'default', 'value', 'meaning'], rows);
  const section = sections.get(table) ?? { paths: [], descriptions: new Set() };
  section.paths.push(path);
  section.descriptions.add(description);
  sections.set(table, section);
  for (const [name, field] of Object.entries(properties)) {
    if (field.properties !== undefined) collect(field, innerPath(name), examples, sections);
    if (field.items?.properties !== undefined) collect(field.items, `${innerPath(name)}[]`, examples, sections);
  }
}

/** The first value that an example file has at each path; lists by `[]`. */
function exampleValues(): Examples {
  const values = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const item of value) walk(item, `${path}[]`);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    } else if (!values.has(path)) values.set(path, String(value));
  };
  const names = ['ha', ...readdirSync(EXAMPLES).filter((name) => name !== 'ha')];
  for (const name of names) walk(parse(readFileSync(new URL(`${name}/cluster.yaml`, EXAMPLES), 'utf8')), '');
  return values;
}

function headingOf(paths: readonly string[]): string {
  const [only = ''] = paths;
  if (paths.length === 1) return only === '' ? 'The file' : code(only);
  return [...new Set(paths.map((path) => path.slice(path.lastIndexOf('.') + 1)))].map(code).join(' and ');
}

function defaultOf({ default: value, properties }: Schema): string {
  if (value === undefined || properties !== undefined) return '';
  if (Array.isArray(value) || value === '') return 'empty';
  return code(String(value));
}

function valuesOf(field: Schema, example: string | undefined): string {
  if (field.const !== undefined) return code(field.const);
  if (field.enum !== undefined) return field.enum.map(code).join(', ');
  if (field.properties !== undefined) return 'object';
  if (field.items !== undefined) return field.items.properties === undefined ? 'list' : 'list of objects';
  if (typeof field.additionalProperties === 'object') return 'keys and values';
  if (field.type === 'boolean') return `${code('true')}, ${code('false')}`;
  if (field.minimum !== undefined) return `${field.minimum} to ${field.maximum}`;
  return example === undefined || field.default !== undefined ? 'text' : `like ${code(example)}`;
}

/** Bars would end the cell. */
function meaningOf({ description = '' }: Schema): string {
  return description.replaceAll('|', '\\|');
}
