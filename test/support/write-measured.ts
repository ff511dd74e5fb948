import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

/**
 * With KEELWAY_WRITE_TIMELINE=1: replaces what was measured in docs/benchmarks.md; the text around it stays.
 *
 * @param section - Its place is between two comments, `<!-- NAME, written by ... -->` and `<!-- end of NAME -->`.
 * @param lines - Markdown; where and when it was measured comes before.
 */
export function writeMeasured(section: string, lines: readonly string[]): void {
  if (process.env.KEELWAY_WRITE_TIMELINE !== '1') return;
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin] = new RegExp(`<!-- ${section}, written by .* -->`).exec(text) ?? [];
  const end = text.indexOf(`<!-- end of ${section} -->`);
  if (begin === undefined || end < text.indexOf(begin)) throw new Error(`${DOCUMENT} has no place for ${section}`);
  const [processor] = cpus();
  const where = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${processor?.model}), Linux ${release()}, load ${loadavg()[0]?.toFixed(0)}.`;
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  writeFileSync(DOCUMENT, `${before}\n\n${[where, '', ...lines].join('\n').trimEnd()}\n\n${text.slice(end)}`);
}

/** A table in Markdown: what its first column is of, then rows by name and columns by name. Empty without rows. */
export function markdownTable(
  corner: string,
  rows: Readonly<Record<string, Readonly<Record<string, string>>>>,
): readonly string[] {
  const columns = [...new Set(Object.values(rows).flatMap(Object.keys))];
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  if (columns.length === 0) return [];
  return [
    row([corner, ...columns]),
    row(['---', ...columns.map(() => '---:')]),
    ...Object.entries(rows).map(([name, cells]) => row([name, ...columns.map((column) => cells[column] ?? '')])),
  ];
}
