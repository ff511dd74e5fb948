import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findingsOf, summaryOf } from '../../support/findings.ts';

const folder = new URL('../../fixtures/bad-clusters/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** Lines `# expect: CODE path line:column` at the top of a file name every finding about it, in order. */
function expectations(text: string): readonly string[] {
  return [...text.matchAll(/^\ufeff?# expect: (.*?)\r?$/gm)].map(([, expectation]) => expectation ?? '');
}

describe('bad cluster files', () => {
  it('are many', () => {
    expect(files.length).toBeGreaterThanOrEqual(60);
  });

  it.each(files)('%s: exactly the announced findings, each with a hint', (name) => {
    const bytes = readFileSync(new URL(name, folder));
    const findings = findingsOf(bytes, name);
    expect(findings.map(summaryOf)).toEqual(expectations(bytes.toString('utf8')));
    for (const issue of findings) {
      expect(issue.hint).toBeTruthy();
      expect(issue.message).not.toMatch(/[\n\u0000-\u001f]/);
    }
  });
});
