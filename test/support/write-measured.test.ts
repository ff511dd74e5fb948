import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { markdownTable } from './write-measured.ts';

describe('what was measured', () => {
  it('is a table of all columns of all rows', () => {
    expect(
      markdownTable('seconds, when', { cut: { outside: '1.0' }, frozen: { outside: '2.0', worker: '3.0' } }),
    ).toEqual([
      '| seconds, when | outside | worker |',
      '| --- | ---: | ---: |',
      '| cut | 1.0 |  |',
      '| frozen | 2.0 | 3.0 |',
    ]);
    expect(markdownTable('nothing', {})).toEqual([]);
  });

  it('has its place in docs/benchmarks.md', () => {
    const text = readFileSync(new URL('../../docs/benchmarks.md', import.meta.url), 'utf8');
    for (const section of [
      'the timeline',
      ...['ha', 'ha-3etcd', 'stacked', 'bgp-router'].map((name) => `failover of ${name}`),
    ]) {
      const place = new RegExp(
        `<!-- ${section}, written by KEELWAY_WRITE_TIMELINE=1 .* -->[^<]*<!-- end of ${section} -->`,
      );
      expect(place.test(text), section).toBe(true);
    }
  });
});
