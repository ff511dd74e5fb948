import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { clusterJsonSchema, clusterJsonSchemaText } from '../../../lib/spec/json-schema.ts';
import { exampleNames, exampleText } from '../../support/clusters.ts';
import { findingsOf } from '../../support/findings.ts';

const root = new URL('../../../', import.meta.url);
const folder = new URL('test/fixtures/bad-clusters/', root);
const ajv = new Ajv({ strict: true, strictRequired: false });
const validate = ajv.compile(clusterJsonSchema());

describe('cluster.schema.json', () => {
  it('is what the schema of the parser gives: npx keelway schema > cluster.schema.json', () => {
    expect(readFileSync(new URL('cluster.schema.json', root), 'utf8')).toBe(clusterJsonSchemaText());
  });

  it.each(exampleNames)('accepts examples/%s', (name) => {
    expect(validate(parse(exampleText(name))), ajv.errorsText(validate.errors)).toBe(true);
  });

  it('describes every field', () => {
    const undescribed: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (node === null || typeof node !== 'object') return;
      const { properties, items, description } = node as Record<string, unknown>;
      if (path !== '' && description === undefined) undescribed.push(path);
      for (const [name, next] of Object.entries((properties as object | undefined) ?? {}))
        walk(next, `${path}.${name}`);
      if (items !== undefined) walk(items, `${path}[]`);
    };
    walk(clusterJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });

  it('gives examples that the field takes, and the field’s default among them', () => {
    let examples = 0;
    const walk = (node: unknown): void => {
      if (node === null || typeof node !== 'object') return;
      const { examples: own, default: given } = node as { examples?: unknown; default?: unknown };
      if (Array.isArray(own)) {
        examples += own.length;
        for (const example of own) expect(ajv.validate(node, example), JSON.stringify(node)).toBe(true);
        // An editor offers it; one of another field would be copied.
        if (typeof given === 'string') expect(own).toContain(given);
      }
      for (const next of Object.values(node)) walk(next);
    };
    walk(clusterJsonSchema());
    expect(examples).toBeGreaterThan(40);
  });

  const shapes = readdirSync(folder).filter((name) => /^shape-(?!conflict)/.test(name));
  it.each(shapes)('refuses %s, as the parser does', (name) => {
    expect(validate(parse(readFileSync(new URL(name, folder), 'utf8')))).toBe(false);
  });

  it('is never stricter than the parser', () => {
    for (const name of readdirSync(folder)) {
      const text = readFileSync(new URL(name, folder), 'utf8');
      if (findingsOf(text).some((issue) => issue.severity === 'error')) continue;
      expect(validate(parse(text)), `${name}: ${ajv.errorsText(validate.errors)}`).toBe(true);
    }
  });
});
