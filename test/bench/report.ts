import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../lib/version.ts';
import { RECIPES } from '../tools/catalog.ts';
import { installed } from '../tools/lib/cache.ts';
import { atLeast, below, type Medians, mediansOf, type Samples, type Series, type Target } from './series.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const BEGIN = '<!-- written by npm run bench -- --write -->';
const END = '<!-- end -->';

/** What was measured: command and CPU time, the median and the least of all rounds. */
export function seriesTable(series: readonly Series[], samples: Samples): string {
  const medians = mediansOf(samples);
  return markdownTable(
    ['command', 'CPU time', 'least'],
    series.map(({ id, command, unit }) => [
      command,
      showTime(medians[id] ?? Number.NaN, unit),
      showTime(Math.min(...(samples[id] ?? [])), unit),
    ]),
  );
}

/** What was promised, and whether it holds. */
export function targetTable(targets: readonly Target[], medians: Medians): string {
  return markdownTable(
    ['target', 'limit', 'measured', ''],
    targets.map(({ what, value, limit, isMet, show }) => {
      const measured = value(medians);
      const sign = isMet === atLeast ? '>=' : isMet === below ? '<' : '<=';
      return [what, `${sign} ${show(limit)}`, show(measured), isMet(measured, limit) ? 'met' : '**missed**'];
    }),
  );
}

export interface Report {
  readonly series: readonly Series[];
  readonly targets: readonly Target[];
  readonly samples: Samples;
  readonly rounds: number;
  /** Measured at real-time priority. */
  readonly undisturbed: boolean;
}

/** Replaces the result in docs/benchmarks.md; the text around it stays. */
export function writeReport(report: Report): void {
  const { series, targets, samples } = report;
  const text = readFileSync(DOCUMENT, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`${DOCUMENT} has no place for the result: ${BEGIN} ... ${END}`);
  const tables = [targetTable(targets, mediansOf(samples)), seriesTable(series, samples)];
  const result = [BEGIN, surroundings(report), ...tables].map((part) => part.trimEnd()).join('\n\n');
  writeFileSync(DOCUMENT, `${text.slice(0, begin)}${result}\n\n${text.slice(end)}`);
}

function surroundings({ rounds, undisturbed }: Report): string {
  const day = new Date().toISOString().slice(0, 10);
  const [processor] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const tool = (name: string) => {
    const recipe = RECIPES.find((each) => each.name === name);
    return recipe === undefined ? '' : `${recipe.version} (${installed(recipe)?.stamp})`;
  };
  return [
    `${day}, ${rounds} rounds${undisturbed ? ' at real-time priority' : ''}. Keelway ${VERSION},`,
    `Node.js ${process.versions.node} (OpenSSL ${process.versions.openssl}), kubeadm ${tool('kubernetes-1.36')},`,
    `butane ${tool('butane')}. ${cpus().length} processors ${processor?.model}, ${memory} GB, Linux ${release()},`,
    `load ${(loadavg()[0] ?? 0).toFixed(0)}.`,
  ].join(' ');
}

function showTime(value: number, unit: Series['unit']): string {
  if (unit === 'ms') return `${value.toFixed(1)} ms`;
  return value >= 1000 ? `${(value / 1000).toFixed(2)} ms` : `${value.toFixed(0)} us`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => {
    return `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  };
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
    .map((row) => `${row}\n`)
    .join('');
}
