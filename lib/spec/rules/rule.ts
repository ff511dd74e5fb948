import type { Issue, IssuePath } from '../../issue.ts';
import type { ClusterBody } from '../cluster-spec.ts';
import { type EffectiveMachine, effectiveMachines } from '../effective-machines.ts';

/** What a rule sees. Texts may be misspelled when the file has other errors: parse, and pass over what is null. */
export interface RuleContext {
  readonly spec: ClusterBody;
  /** Without the machines that could not be read. */
  readonly machines: readonly EffectiveMachine[];
}

/** A part of the file that a rule needs whole; `machines`: every single machine. */
export type Section = keyof ClusterBody;

/** A small judgement about the cluster. */
export interface Rule {
  readonly reads: readonly Section[];
  readonly check: (context: RuleContext) => readonly Issue[];
}

export function rule(reads: readonly Section[], check: Rule['check']): Rule {
  return { reads, check };
}

/** @param unreadable - Indexes of machines to leave out. */
export function createRuleContext(spec: ClusterBody, unreadable: ReadonlySet<number> = new Set()): RuleContext {
  return { spec, machines: effectiveMachines(spec).filter((machine) => !unreadable.has(machine.index)) };
}

/** `['spec', 'machines', 3, 'address']`. */
export function machinePath(machine: EffectiveMachine, ...rest: IssuePath): IssuePath {
  return ['spec', 'machines', machine.index, ...rest];
}

/** Calls `report` with every value that stands for a second time, and with what had it first. */
export function eachDuplicate<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  report: (item: Item, first: Item) => void,
): void {
  const seen = new Map<string, Item>();
  for (const item of items) {
    const value = keyOf(item);
    const first = seen.get(value);
    if (first === undefined) seen.set(value, item);
    else report(item, first);
  }
}
