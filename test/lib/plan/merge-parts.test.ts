import { describe, expect, it } from 'vitest';
import { KeelwayError } from '../../../lib/errors.ts';
import type { MachinePart, PlannedFile, PlannedUnit } from '../../../lib/plan/machine-plan.ts';
import { mergeParts } from '../../../lib/plan/merge-parts.ts';

function file(path: string, contents = ''): PlannedFile {
  return { path, contents, mode: 0o644, owner: 'root', group: 'root', secret: false };
}

function directory(path: string, mode = 0o755) {
  return { path, mode, owner: 'root', group: 'root' };
}

function unit(name: string): PlannedUnit {
  return { name, contents: null, enabled: true, masked: false, dropIns: [] };
}

function merge(...parts: MachinePart[]) {
  return mergeParts(
    'cp-1',
    parts.map((part, index) => ({ origin: ['first', 'second', 'third'][index] ?? '', part })),
  );
}

function failure(...parts: MachinePart[]): KeelwayError {
  try {
    merge(...parts);
  } catch (error) {
    if (error instanceof KeelwayError) return error;
  }
  throw new Error('nothing was thrown');
}

describe('mergeParts', () => {
  it('collects everything, sorted by path or name, whatever the order of the parts', () => {
    const one: MachinePart = { files: [file('/b')], units: [unit('z.service')], packages: ['curl'] };
    const two: MachinePart = { files: [file('/a')], units: [unit('a.service')], packages: ['bird2', 'curl'] };
    expect(merge(one, two)).toEqual(merge(two, one));
    expect(merge(one, two)).toMatchObject({
      files: [{ path: '/a' }, { path: '/b' }],
      units: [{ name: 'a.service' }, { name: 'z.service' }],
      packages: ['bird2', 'curl'],
      links: [],
      users: [],
    });
  });

  it('lets parts share a folder, a user and a download', () => {
    const part: MachinePart = { directories: [directory('/etc/kubernetes')] };
    expect(merge(part, part).directories).toHaveLength(1);
  });

  it.each<[string, MachinePart, MachinePart, string]>([
    ['a file', { files: [file('/a')] }, { files: [file('/a')] }, 'first and second both plan /a'],
    ['a unit', { units: [unit('a.service')] }, { units: [unit('a.service')] }, 'first and second both plan a.service'],
    [
      'a folder with two modes',
      { directories: [directory('/a', 0o700)] },
      { directories: [directory('/a')] },
      'first and second both plan /a in different ways',
    ],
    [
      'a file that is a folder',
      { files: [file('/a')] },
      { directories: [directory('/a')] },
      '/a is a file and a folder',
    ],
    ['a file below a file', { files: [file('/a')] }, { files: [file('/a/b/c')] }, '/a/b/c is below the file /a'],
    [
      'a file below a link',
      { links: [{ path: '/a', target: '/x' }] },
      { files: [file('/a/b')] },
      '/a/b is below the link /a',
    ],
  ])('refuses %s from two parts and names both', (_, one, two, message) => {
    const error = failure(one, two);
    expect(error.code).toBe('PLAN_INVALID');
    expect(error.message).toBe(`the plan of cp-1 contradicts itself: ${message}`);
  });
});
