import { describe, expect, it } from 'vitest';
import { currentDocuments } from '../../scripts/docs/current-documents.ts';
import { NOT_RUN, RUN_BY } from './commands.ts';
import { commandsOf, DOCUMENTS, REPOSITORY, readDocument } from './document.ts';

describe('documents', () => {
  it('hold the tables that the sources make: npx node scripts/write-references.ts', async () => {
    for (const [file, text] of await currentDocuments()) {
      expect(readDocument(file.pathname.slice(REPOSITORY.pathname.length))).toBe(text);
    }
  });

  it.each(['README.md', ...DOCUMENTS])('%s: its commands stand in sh blocks, where tests find them', (path) => {
    const outside = readDocument(path).replace(/^```.*?^```$/gms, '');
    const commands = outside
      .split('\n')
      .filter((line) => /^(?: {4}|\t)\s*(?:\$ )?(?:npx |npm |keelway |[A-Z_]+=\S+ )/.test(line));
    expect(commands).toEqual([]);
  });

  it('have commands that are run here, by another suite, or not for a reason', () => {
    const commands = ['README.md', ...DOCUMENTS].flatMap((path) => commandsOf(readDocument(path)));
    expect([...Object.keys(NOT_RUN), ...Object.keys(RUN_BY)].filter((command) => !commands.includes(command))).toEqual(
      [],
    );
    for (const [command, { file, words }] of Object.entries(RUN_BY)) {
      for (const word of words) expect(readDocument(file), `${command} in ${file}`).toContain(word);
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
