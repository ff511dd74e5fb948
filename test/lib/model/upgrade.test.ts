import { describe, expect, it } from 'vitest';
import { upgradeObstacle } from '../../../lib/model/upgrade.ts';

describe('upgradeObstacle', () => {
  it.each([
    ['kubernetes', '1.35.6', '1.35.6'],
    ['kubernetes', '1.35.6', '1.35.9'],
    ['kubernetes', '1.35.6', '1.36.0'],
    ['kubernetes', '1.36.4', '1.36.1'],
    ['etcd', '3.5.33', '3.6.16'],
    ['etcd', '3.5.20', '3.5.25'],
    ['etcd', '3.6.10', '3.6.11'],
    ['etcd', '3.6.11', '3.7.2'],
    ['etcd', '3.7.1', '3.7.2'],
    ['etcd', 'latest', '3.7.2'],
  ] as const)('lets %s go from %s to %s', (program, from, to) => {
    expect(upgradeObstacle(program, from, to)).toBeNull();
  });

  it.each([
    ['kubernetes', '1.35.6', '1.37.1', 'skip', '1.36'],
    ['kubernetes', '1.37.1', '1.36.4', 'back', null],
    ['etcd', '3.5.33', '3.7.2', 'skip', '3.6'],
    ['etcd', '3.5.25', '3.6.16', 'first', '3.5.26'],
    ['etcd', '3.6.10', '3.7.2', 'first', '3.6.11'],
    ['etcd', '3.7.0', '3.6.16', 'back', null],
  ] as const)('stops %s from %s to %s', (program, from, to, kind, before) => {
    expect(upgradeObstacle(program, from, to)).toEqual({ kind, before });
  });
});
