import { readdirSync, readFileSync } from 'node:fs';

export const REPOSITORY: URL = new URL('../../', import.meta.url);

/** All but the README. */
export const DOCUMENTS: readonly string[] = [
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs', REPOSITORY)).map((name) => `docs/${name}`),
];

export interface CodeBlock {
  /** `sh`, `ts`, `yaml`; empty for a block without one. */
  readonly language: string;
  readonly text: string;
  /** Of its first line of text, from 1. */
  readonly line: number;
}

export function readDocument(path: string): string {
  return readFileSync(new URL(path, REPOSITORY), 'utf8');
}

/** Fenced code blocks of a Markdown text. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)$/.exec(line);
    if (open === null) {
      if (fence !== null) open = { language: fence[1] ?? '', line: index + 2, lines: [] };
    } else if (line === '```') {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join('\n') });
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== null) throw new Error(`the block in line ${open.line} has no end`);
  return blocks;
}

/** Every command of a document's `sh` blocks, comments left out, in order. */
export function commandsOf(markdown: string): string[] {
  return codeBlocks(markdown)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.replace(/(^|\s+)#.*$/, '').trim())
    .filter((line) => line !== '');
}

export function snippetsOf(markdown: string, language: string): string[] {
  return codeBlocks(markdown)
    .filter((block) => block.language === language)
    .map(({ text }) => text);
}
