import { describe, expect, it } from 'vitest';
import { bgpPassword } from '../../../lib/components/bgp-password.ts';
import { KeelwayError } from '../../../lib/errors.ts';

const PATH = ['spec', 'controlPlane', 'vip', 'bgp', 'passwordFile'];
const read = (text: string) => bgpPassword({ files: { 'mesh.txt': text }, assets: [] }, 'mesh.txt', PATH);

describe('bgpPassword', () => {
  it('is null without a file', () => {
    expect(bgpPassword({ files: {}, assets: [] }, null, PATH)).toBeNull();
  });

  it.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [`!#$%&'()*+-./;<=>?@[]^_\`{|}~`, `!#$%&'()*+-./;<=>?@[]^_\`{|}~`],
    ['x'.repeat(80), 'x'.repeat(80)],
  ])('of %j is %j', (text, password) => {
    expect(read(text)).toBe(password);
  });

  it.each(['', '\n', 'a:b', 'a,b', 'a"b', 'a\\b', 'a b', 'a\tb', 'two\nlines', 'süß', 'x'.repeat(81)])(
    'refuses %j, and does not repeat it',
    (text) => {
      let error: unknown;
      try {
        read(text);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(KeelwayError);
      const { code, issues, message, hint } = error as KeelwayError;
      expect(code).toBe('SPEC_INVALID');
      expect(issues.map((issue) => [issue.code, issue.path])).toEqual([['BGP_PASSWORD', PATH]]);
      if (text.length > 3) expect(JSON.stringify([message, hint, issues])).not.toContain(text.trim());
    },
  );

  it('names a file that was not read', () => {
    expect(() => bgpPassword({ files: {}, assets: [] }, 'mesh.txt', PATH)).toThrow(
      /mesh\.txt, a BGP password, was not read/,
    );
  });
});
