import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Issue, IssuePath } from '../issue.ts';
import { finding, type IssueCode } from './issue-codes.ts';
import { withPosition } from './locate.ts';
import { showValue, visible } from './show-value.ts';
import type { SourceDocument } from './source-document.ts';

export interface PlainValue {
  readonly value: unknown;
  readonly issues: readonly Issue[];
  readonly refused: readonly IssuePath[];
}

/** Longer than an RSA key of 16384 bits in text form. */
const MAX_TEXT = 8192;

const RESERVED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Turns a YAML tree into plain objects, arrays and scalars, without what a cluster file must not use.
 *
 * The tree's depth is bounded by its reader. Objects get own properties only, so no key can reach a prototype.
 */
export function toPlainValue(root: Node, source: SourceDocument): PlainValue {
  const issues: Issue[] = [];
  const refused: IssuePath[] = [];
  const report = (code: IssueCode, path: IssuePath, message: string, hint: string, node: unknown): void => {
    const offset = (node as Node | null)?.range?.[0];
    const issue = finding(code, path, message, hint);
    issues.push(offset === undefined ? issue : withPosition(issue, source.at(offset)));
  };
  const refuse = (code: IssueCode, path: IssuePath, message: string, hint: string, node: unknown): undefined => {
    report(code, path, message, hint, node);
    refused.push(path);
    return undefined;
  };
  const convert = (node: unknown, path: IssuePath): unknown => {
    if (isAlias(node)) {
      const hint = 'write the value out, or use machineDefaults; quote a text that begins with an asterisk';
      return refuse(
        'SPEC_YAML_ALIAS',
        path,
        `the alias *${visible(node.source.slice(0, 40))} is not used in a cluster file`,
        hint,
        node,
      );
    }
    const tag = (node as Node | null)?.tag;
    if (tag !== undefined && tag !== null) {
      const message = `the tag ${showValue(tag)} is not used in a cluster file`;
      return refuse('SPEC_YAML_TAG', path, message, 'remove the tag; quote the value when it is text', node);
    }
    if (isMap(node)) return convertMap(node.items, path);
    if (isSeq(node)) return node.items.map((item, index) => convert(item, [...path, index]));
    if (!isScalar(node)) return null;
    if (typeof node.value === 'string' && node.value.length > MAX_TEXT) {
      const message = `the text has ${node.value.length} characters; ${MAX_TEXT} are possible`;
      return refuse('SPEC_VALUE_RANGE', path, message, 'check that this is the right value', node);
    }
    return node.value;
  };
  const convertMap = (
    items: readonly { readonly key: unknown; readonly value: unknown }[],
    path: IssuePath,
  ): object => {
    const object: Record<string, unknown> = {};
    for (const { key, value } of items) {
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : null;
      if (name === null || RESERVED_KEYS.has(name)) {
        const message = name === null ? 'a key is not plain text' : `the key ${name} is reserved`;
        report('SPEC_KEY_FORBIDDEN', path, message, 'write another key', key);
      } else if (name === '<<') {
        const hint = 'write the fields out, or use machineDefaults';
        refuse('SPEC_YAML_ALIAS', path, 'merge keys are not used in a cluster file', hint, key);
      } else if (Object.hasOwn(object, name)) {
        report(
          'SPEC_KEY_DUPLICATE',
          [...path, name],
          `${showValue(name)} stands twice in one mapping`,
          'keep one of them',
          key,
        );
      } else {
        object[name] = convert(value, [...path, name]);
      }
    }
    return object;
  };
  return { value: convert(root, []), issues, refused };
}
