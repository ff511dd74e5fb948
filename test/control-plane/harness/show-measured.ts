import { appendFileSync } from 'node:fs';
import { markdownTable, writeMeasured } from '../../support/write-measured.ts';
import type { Outages } from '../judges/failover.ts';

/**
 * Prints what was measured, as Markdown; with KEELWAY_MEASURED also at the end of that file, and with
 * KEELWAY_WRITE_TIMELINE=1 in docs/benchmarks.md.
 *
 * @param timeline - Seconds since the machines were switched on.
 * @param outages - Milliseconds until each client was served again, by fault.
 */
export function showMeasured(cluster: string, timeline: Readonly<Record<string, number>>, outages: Outages): void {
  const times = Object.entries(timeline).map(([what, seconds]) => `${what} ${seconds} s`);
  const rows = Object.entries(outages).map(([fault, measured]) => {
    const cells = Object.entries(measured).map(([client, milliseconds]) => [client, (milliseconds / 1000).toFixed(1)]);
    return [fault, Object.fromEntries(cells)];
  });
  const table = markdownTable('seconds, when', Object.fromEntries(rows));
  const text = [`${cluster}: ${times.join(', ')}`, '', ...table, ''].join('\n');
  console.log(text);
  if (process.env.KEELWAY_MEASURED !== undefined) appendFileSync(process.env.KEELWAY_MEASURED, `${text}\n`);
  if (table.length > 0) writeMeasured(`failover of ${cluster}`, table);
}
