import { describe, expect, it } from 'vitest';
import { lossOfOne, quorumOf, quorumTable } from '../../../lib/model/quorum.ts';

describe('quorum', () => {
  // https://etcd.io/docs/v3.6/faq/#what-is-failure-tolerance
  it('is the table of etcd', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map(quorumOf).map(({ quorum, tolerated }) => [quorum, tolerated])).toEqual([
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 1],
      [3, 2],
      [4, 2],
      [4, 3],
      [5, 3],
      [5, 4],
    ]);
  });

  it('shows the cluster among the usual sizes', () => {
    expect(quorumTable(3).map(({ members }) => members)).toEqual([1, 2, 3, 4, 5]);
    expect(quorumTable(7).map(({ members }) => members)).toEqual([1, 2, 3, 4, 5, 7]);
  });

  it('says what a loss means', () => {
    expect(lossOfOne(quorumOf(1))).toContain('loses the cluster');
    expect(lossOfOne(quorumOf(2))).toContain('either one stops all writes');
    expect(lossOfOne(quorumOf(3))).toContain('losing one changes nothing');
    expect(lossOfOne(quorumOf(5))).toContain('losing 2 changes nothing');
  });
});
