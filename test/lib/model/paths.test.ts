import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBelow, isCleanAbsolutePath, isCleanRelativePath } from '../../../lib/model/paths.ts';

const path = fc
  .array(fc.constantFrom('a', 'b-1', '.', '..', '', '~', 'x y'), { maxLength: 6 })
  .map((parts) => parts.join('/'));

describe('paths', () => {
  it('that are clean stay as they are when Node normalises them', () => {
    fc.assert(
      fc.property(path, fc.boolean(), (text, absolute) => {
        const whole = absolute ? `/${text}` : text;
        if (isCleanAbsolutePath(whole))
          expect([posix.isAbsolute(whole), posix.normalize(whole)]).toEqual([true, whole]);
        if (isCleanRelativePath(whole, true))
          expect([posix.isAbsolute(whole), posix.normalize(whole)]).toEqual([false, whole]);
        if (isCleanRelativePath(whole, false)) expect(posix.join('/root', whole).startsWith('/root/')).toBe(true);
      }),
    );
  });

  it('may lead up only in front, and only where it is allowed', () => {
    expect(isCleanRelativePath('../secrets/bgp.txt', true)).toBe(true);
    expect(isCleanRelativePath('../secrets/bgp.txt', false)).toBe(false);
    expect(isCleanRelativePath('a/../b', true)).toBe(false);
    expect(isCleanRelativePath('~/bgp.txt', true)).toBe(false);
  });

  it('lie below folders, not below names that begin alike', () => {
    expect(isBelow('/etc/etcd', '/etc')).toBe(true);
    expect(isBelow('/etc', '/etc')).toBe(true);
    expect(isBelow('/etcd', '/etc')).toBe(false);
    expect(isBelow('/a', '/')).toBe(true);
  });
});
