import type { Issue } from '../issue.ts';
import type { ClusterBody, ClusterSpec } from './cluster-spec.ts';
import { bgpRules } from './rules/bgp.ts';
import { diskRules } from './rules/disks.ts';
import { endpointRules } from './rules/endpoint.ts';
import { etcdRules } from './rules/etcd.ts';
import { labelRules } from './rules/labels.ts';
import { machineRules } from './rules/machines.ts';
import { networkRules } from './rules/network.ts';
import { createRuleContext, type Rule, type Section } from './rules/rule.ts';
import { securityRules } from './rules/security.ts';
import { versionRules } from './rules/versions.ts';
import { vipRules } from './rules/vip.ts';

const rules: readonly Rule[] = [
  ...versionRules,
  ...networkRules,
  ...endpointRules,
  ...vipRules,
  ...bgpRules,
  ...etcdRules,
  ...securityRules,
  ...machineRules,
  ...diskRules,
  ...labelRules,
];

/** Runs every rule over a whole spec. */
export function checkRules(spec: ClusterSpec): readonly Issue[] {
  const context = createRuleContext(spec.spec);
  return rules.flatMap((rule) => rule.check(context));
}

/** What could not be read of a file. */
export interface Unreadable {
  readonly sections: ReadonlySet<Section>;
  /** Indexes in `spec.machines`. */
  readonly machines: ReadonlySet<number>;
}

/**
 * Runs the rules that need only what could be read, so that one mistyped field does not hide the rest of the findings.
 *
 * @param body - Unreadable sections may hold anything; they are not looked at.
 */
export function checkReadableRules(body: ClusterBody, unreadable: Unreadable): readonly Issue[] {
  const context = createRuleContext(body, unreadable.machines);
  const isReadable = (section: Section): boolean =>
    !unreadable.sections.has(section) && (section !== 'machines' || unreadable.machines.size === 0);
  return rules.filter((rule) => rule.reads.every(isReadable)).flatMap((rule) => rule.check(context));
}
