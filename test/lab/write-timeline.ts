import { markdownTable, writeMeasured } from '../support/write-measured.ts';

export type Timeline = Readonly<Record<string, number>>;

/**
 * With KEELWAY_WRITE_TIMELINE=1: replaces the timeline in docs/benchmarks.md.
 *
 * @param columns - By what was done to the machines: milliseconds until each milestone.
 */
export function writeTimeline(columns: Readonly<Record<string, Timeline>>): void {
  const milestones = [...new Set(Object.values(columns).flatMap(Object.keys))];
  const rows = milestones.map((milestone) => {
    const cells = Object.entries(columns).flatMap(([column, times]) => {
      const milliseconds = times[milestone];
      return milliseconds === undefined ? [] : [[column, (milliseconds / 1000).toFixed(1)] as const];
    });
    return [milestone, Object.fromEntries(cells)] as const;
  });
  writeMeasured('the timeline', markdownTable('seconds until', Object.fromEntries(rows)));
}
