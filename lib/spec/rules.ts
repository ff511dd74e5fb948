import type { Issue } from '../issue.ts';
import type { ClusterSpec } from './cluster-spec.ts';
import { createRuleContext, type Rule } from './rules/rule.ts';

const rules: readonly Rule[] = [];

/** Runs every rule over a whole spec. */
export function checkRules(spec: ClusterSpec): readonly Issue[] {
  const context = createRuleContext(spec.spec);
  return rules.flatMap((rule) => rule.check(context));
}
