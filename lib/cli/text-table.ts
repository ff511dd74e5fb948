/** Lines of aligned columns, two blanks apart, indented by two; columns that are empty throughout are left out. */
export function textTable(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows
    .map((row) => {
      const cells = row.flatMap((cell, index) => {
        const width = widths[index] ?? 0;
        if (width === 0) return [];
        return [rightAligned.includes(index) ? cell.padStart(width) : cell.padEnd(width)];
      });
      return `${`  ${cells.join('  ')}`.trimEnd()}\n`;
    })
    .join('');
}
