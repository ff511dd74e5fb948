import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { MachinePlan, PlannedFile, PlannedUnit } from '../../../lib/plan/machine-plan.ts';
import { checkIgnition } from '../../../lib/render/check-ignition.ts';
import { ignitionConfig, renderIgnition } from '../../../lib/render/ignition.ts';
import { toolPath } from '../../tools/tools.ts';
import { samplePlan } from './sample-plan.ts';

const base = samplePlan('flatcar');
const file: PlannedFile = { path: '/etc/x', contents: '', mode: 0o644, owner: 'root', group: 'root', secret: false };
const unit: PlannedUnit = { name: 'x.service', contents: '[Service]\n', enabled: false, masked: false, dropIns: [] };
const withFile = (changes: Partial<PlannedFile>): Partial<MachinePlan> => ({
  files: [...base.files, { ...file, ...changes }],
});
const withUnit = (changes: Partial<PlannedUnit>): Partial<MachinePlan> => ({
  units: [...base.units, { ...unit, ...changes }],
});

function isValid(plan: MachinePlan): boolean {
  try {
    execFileSync(toolPath('ignition-validate'), ['-'], { input: renderIgnition(plan), stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

describe('checkIgnition', () => {
  it('finds nothing in a sound configuration', () => {
    expect(checkIgnition(ignitionConfig(base))).toEqual([]);
  });

  it.each<[string, Partial<MachinePlan>]>([
    ['etc/x is not an absolute path', withFile({ path: 'etc/x' })],
    ['/etc/../x is not an absolute path', withFile({ path: '/etc/../x' })],
    ['/etc//x is not an absolute path', withFile({ path: '/etc//x' })],
    ['/etc/keelway/plain.conf is made twice', withFile({ path: '/etc/keelway/plain.conf' })],
    [
      '/etc/keelway/current/x lies below /etc/keelway/current, which is a link',
      withFile({ path: '/etc/keelway/current/x' }),
    ],
    ['/etc/x has no valid mode', withFile({ mode: 0o10000 })],
    ['x.unit is not the name of a unit', withUnit({ name: 'x.unit' })],
    ['the drop-in x.txt of x.service does not end', withUnit({ dropIns: [{ name: 'x.txt', contents: '' }] })],
  ])('reports what ignition-validate refuses: %s', (problem, changes) => {
    const plan = samplePlan('flatcar', changes);
    expect(checkIgnition(ignitionConfig(plan))).toEqual([expect.stringContaining(problem)]);
    expect(isValid(plan)).toBe(false);
  });

  it.each<[string, Partial<MachinePlan>]>([
    ['/run/x lies in a folder that is empty', withFile({ path: '/run/x' })],
    ['/etc/x belongs to nobody', withFile({ owner: 'nobody' })],
    ['x.service is enabled but has no [Install]', withUnit({ enabled: true })],
    ['x.service is masked and enabled', withUnit({ enabled: true, masked: true, contents: null })],
    ['/etc/keelway/plain.conf lies below', { links: [{ path: '/etc/keelway', target: '/x' }], directories: [] }],
  ])('reports what would only show on the machine: %s', (problem, changes) => {
    expect(checkIgnition(ignitionConfig(samplePlan('flatcar', changes))).join('\n')).toContain(problem);
  });
});
