import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const BEGIN = '<!-- written by KEELWAY_WRITE_TIMELINE=1 npm run test:cluster -->';
const END = '<!-- end of the timeline -->';

export type Timeline = Readonly<Record<string, number>>;

/**
 * With KEELWAY_WRITE_TIMELINE=1: replaces the timeline in docs/benchmarks.md; the text around it stays.
 *
 * @param columns - By what was done to the machines: milliseconds until each milestone.
 */
export function writeTimeline(columns: Readonly<Record<string, Timeline>>): void {
  if (process.env.KEELWAY_WRITE_TIMELINE !== '1') return;
  const text = readFileSync(DOCUMENT, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`${DOCUMENT} has no place for the timeline: ${BEGIN} ... ${END}`);
  const milestones = [...new Set(Object.values(columns).flatMap(Object.keys))];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [
    row(['seconds until', ...Object.keys(columns)]),
    row(['---', ...Object.keys(columns).map(() => '---:')]),
    ...milestones.map((name) => row([name, ...Object.values(columns).map((times) => seconds(times[name]))])),
  ];
  const [processor] = cpus();
  const where = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${processor?.model}), Linux ${release()}, load ${loadavg()[0]?.toFixed(0)}.`;
  writeFileSync(DOCUMENT, `${text.slice(0, begin)}${BEGIN}\n\n${where}\n\n${table.join('\n')}\n\n${text.slice(end)}`);
}

function seconds(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : (milliseconds / 1000).toFixed(1);
}
