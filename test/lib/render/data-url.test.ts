import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataUrl } from '../../../lib/render/data-url.ts';

async function read(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

describe('dataUrl', () => {
  it('writes short text so that a person can read it', () => {
    expect(dataUrl('cp-1\n')).toBe('data:,cp-1%0A');
  });

  it('escapes what would end the URL', () => {
    expect(dataUrl('a?b#c%d')).toBe('data:,a%3Fb%23c%25d');
  });

  it('takes base64 where that is shorter', () => {
    expect(dataUrl('{}{}{}{}{}{}{}{}{}{}{}{}')).toMatch(/^data:;base64,/);
  });

  it('is never longer than either spelling', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const base64 = `data:;base64,${Buffer.from(text).toString('base64')}`;
        expect(dataUrl(text).length).toBeLessThanOrEqual(
          Math.min(base64.length, `data:,${encodeURIComponent(text)}`.length),
        );
      }),
    );
  });

  it('is read back equal by another implementation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        // A byte order mark at the start is taken away by text(), not by the URL.
        if (!text.startsWith('\ufeff')) expect(await read(dataUrl(text))).toBe(text);
      }),
    );
  });
});
