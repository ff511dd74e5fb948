import { describe, expect, it } from 'vitest';
import { writeIso9660 } from '../../../images/iso/write-iso9660.ts';
import { general } from '../trees.ts';

const image = writeIso9660(general, { volumeId: 'TREE', createdSeconds: 0 });
const view = new DataView(image.buffer);

interface Row {
  readonly name: string;
  readonly extent: number;
  readonly parent: number;
}

/** Reads the path table that a volume descriptor points to. */
function readTable(descriptor: number, littleEndian: boolean): Row[] {
  const start = descriptor * 2048;
  const bytes = view.getUint32(start + 132, true);
  const table = view.getUint32(start + (littleEndian ? 140 : 148), littleEndian) * 2048;
  const rows: Row[] = [];
  for (let position = table; position < table + bytes; ) {
    const length = view.getUint8(position);
    const name = new TextDecoder('latin1').decode(image.subarray(position + 8, position + 8 + length));
    const extent = view.getUint32(position + 2, littleEndian);
    rows.push({ name, extent, parent: view.getUint16(position + 6, littleEndian) });
    position += 8 + length + (length % 2);
  }
  return rows;
}

describe.each([
  ['primary', 16],
  ['Joliet', 17],
])('the path tables of the %s hierarchy', (_, descriptor) => {
  const rows = readTable(descriptor, true);

  it('say the same in both byte orders', () => {
    expect(readTable(descriptor, false)).toEqual(rows);
    expect(rows).toHaveLength(14);
  });

  it('point to directories that point to their parents', () => {
    for (const { extent, parent } of rows) {
      const start = extent * 2048;
      expect(view.getUint32(start + 2, true)).toBe(extent);
      const second = start + view.getUint8(start);
      expect(view.getUint32(second + 2, true)).toBe(rows[parent - 1]?.extent);
    }
  });

  it('are sorted by parent, then by name', () => {
    const keys = rows.slice(1).map(({ name, parent }) => `${String(parent).padStart(5, '0')} ${name}`);
    expect(keys).toEqual([...keys].sort());
  });
});
