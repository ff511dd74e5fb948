import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OVERLAY, OVERLAY_NOTES } from '../../../lib/lab/overlay.ts';

describe('docs/testing.md', () => {
  it('lists everything that lab machines have beside what was rendered', () => {
    const text = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8');
    const table = text.split('| name | what and why |\n|---|---|\n')[1]?.split('\n\n')[0];
    const rows = [...OVERLAY, ...OVERLAY_NOTES].map(({ name, reason }) => `| ${name} | ${reason} |`);
    expect(table?.split('\n')).toEqual(rows);
  });
});
