import type { Issue } from '../../issue.ts';
import type { ClusterBody } from '../cluster-spec.ts';
import { type EffectiveMachine, effectiveMachines } from '../effective-machines.ts';

/** What a rule sees. Texts may be misspelled when the rule runs over a file with other errors: parse, and skip what is null. */
export interface RuleContext {
  readonly spec: ClusterBody;
  readonly machines: readonly EffectiveMachine[];
}

/** A small judgement about the cluster. */
export interface Rule {
  readonly check: (context: RuleContext) => readonly Issue[];
}

export function createRuleContext(spec: ClusterBody): RuleContext {
  return { spec, machines: effectiveMachines(spec) };
}
