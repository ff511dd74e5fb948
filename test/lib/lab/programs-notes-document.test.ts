import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAMS_NOTES } from '../../../lib/lab/programs/programs-notes.ts';

describe('docs/testing.md', () => {
  it('lists everything that a lab of programs does otherwise than what was rendered', () => {
    const text = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8');
    const table = text.split('| name | what and why |\n|---|---|\n')[2]?.split('\n\n')[0];
    expect(table?.split('\n')).toEqual(PROGRAMS_NOTES.map(({ name, reason }) => `| ${name} | ${reason} |`));
  });
});
