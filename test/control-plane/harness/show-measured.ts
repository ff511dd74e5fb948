import { appendFileSync } from 'node:fs';
import type { Outages } from '../judges/failover.ts';

/**
 * Prints what was measured, as Markdown; with KEELWAY_MEASURED also at the end of that file.
 *
 * @param timeline - Seconds since the machines were switched on.
 * @param outages - Milliseconds that each client went without an answer, by fault.
 */
export function showMeasured(cluster: string, timeline: Readonly<Record<string, number>>, outages: Outages): void {
  const times = Object.entries(timeline).map(([what, seconds]) => `${what} ${seconds} s`);
  const clients = [...new Set(Object.values(outages).flatMap(Object.keys))];
  const rows = Object.entries(outages).map(
    ([fault, measured]) => `| ${[fault, ...clients.map((client) => seconds(measured[client]))].join(' | ')} |`,
  );
  const table =
    rows.length === 0 ? [] : [`| | ${clients.join(' | ')} |`, `|---|${'---|'.repeat(clients.length)}`, ...rows];
  const text = [`${cluster}: ${times.join(', ')}`, '', ...table, ''].join('\n');
  console.log(text);
  if (process.env.KEELWAY_MEASURED !== undefined) appendFileSync(process.env.KEELWAY_MEASURED, `${text}\n`);
}

function seconds(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : `${(milliseconds / 1000).toFixed(1)} s`;
}
