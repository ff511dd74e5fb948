import type { Issue, IssuePath } from '../../issue.ts';
import {
  isLabelValue,
  isQualifiedName,
  isReservedTaint,
  kubeletFindsLabel,
  kubeletMaySetLabel,
} from '../../model/kubernetes-names.ts';
import type { MachineDefaultsSpec, MachineSpec } from '../cluster-spec.ts';
import { finding } from '../issue-codes.ts';
import { showValue } from '../show-value.ts';
import { eachDuplicate, machinePath, type Rule, type RuleContext, rule } from './rule.ts';

const SYNTAX = 'letters, digits, -, _ and . (at most 63), in keys after an optional domain and slash';

type Holder = Pick<MachineSpec | MachineDefaultsSpec, 'labels' | 'taints'>;

/** Labels and taints where they are written, once each: in the defaults and on machines. */
function holders({ spec, machines }: RuleContext): readonly (readonly [Holder, IssuePath])[] {
  return [
    [spec.machineDefaults, ['spec', 'machineDefaults']],
    ...machines.map((machine) => [machine.spec, machinePath(machine)] as const),
  ];
}

function labels(context: RuleContext): readonly Issue[] {
  return holders(context).flatMap(([holder, place]) =>
    Object.entries(holder.labels ?? {}).flatMap(([key, value]) => labelIssue(key, value, [...place, 'labels', key])),
  );
}

function labelIssue(key: string, value: string, path: IssuePath): readonly Issue[] {
  if (!isQualifiedName(key))
    return [finding('SPEC_LABEL_INVALID', path, `${showValue(key)} is no label key`, `write ${SYNTAX}`)];
  if (!isLabelValue(value)) {
    return [finding('SPEC_LABEL_INVALID', path, `${showValue(value)} is no label value`, `write ${SYNTAX}`)];
  }
  if (kubeletFindsLabel(key)) {
    return [finding('LABEL_NOT_ALLOWED', path, `the kubelet finds out ${key} itself`, 'remove it')];
  }
  if (kubeletMaySetLabel(key)) return [];
  const hint = key.startsWith('node-role.kubernetes.io/')
    ? 'remove it: Keelway labels control-plane nodes itself; for roles of your own use a domain of your own'
    : 'use a domain of your own, for instance example.com/role';
  return [finding('LABEL_NOT_ALLOWED', path, `a kubelet may not set ${key} on its own node and does not start`, hint)];
}

function taints(context: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [holder, place] of holders(context)) {
    const entries = (holder.taints ?? []).map((taint, index) => ({ taint, path: [...place, 'taints', index] }));
    for (const { taint, path } of entries) {
      if (!isQualifiedName(taint.key)) {
        issues.push(
          finding('SPEC_LABEL_INVALID', [...path, 'key'], `${showValue(taint.key)} is no taint key`, `write ${SYNTAX}`),
        );
      } else if (!isLabelValue(taint.value)) {
        issues.push(
          finding(
            'SPEC_LABEL_INVALID',
            [...path, 'value'],
            `${showValue(taint.value)} is no taint value`,
            `write ${SYNTAX}`,
          ),
        );
      } else if (isReservedTaint(taint.key)) {
        const hint = taint.key.startsWith('node-role.')
          ? 'use controlPlane.schedulable'
          : 'use a key of your own domain';
        issues.push(
          finding('TAINT_RESERVED', [...path, 'key'], `${taint.key} is set and removed by Kubernetes or Keelway`, hint),
        );
      }
    }
    eachDuplicate(
      entries,
      ({ taint }) => `${taint.key}:${taint.effect}`,
      ({ taint, path }) => {
        const message = `${taint.key}:${taint.effect} stands twice`;
        issues.push(finding('TAINT_DUPLICATE', path, message, 'keep one; a key has one value for each effect'));
      },
    );
  }
  return issues;
}

export const labelRules: readonly Rule[] = [rule(['machineDefaults'], labels), rule(['machineDefaults'], taints)];
