import { describe, expect, it } from 'vitest';
import { currentDocuments } from '../../scripts/docs/current-documents.ts';
import { DOCUMENTS, REPOSITORY, readDocument } from './document.ts';

describe('documents', () => {
  it('hold the tables that the sources make: npx node scripts/write-references.ts', async () => {
    for (const [file, text] of await currentDocuments()) {
      expect(readDocument(file.pathname.slice(REPOSITORY.pathname.length))).toBe(text);
    }
  });

  it.each(['README.md', 'CHANGELOG.md', ...DOCUMENTS])('%s: its links lead somewhere', (path) => {
    const text = readDocument(path);
    const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    for (const link of links.filter((target) => !target.startsWith('https://'))) {
      const url = new URL(link, new URL(path, REPOSITORY));
      expect(() => readDocument(url.pathname.slice(REPOSITORY.pathname.length)), link).not.toThrow();
    }
  });
});
