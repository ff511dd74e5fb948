import { describe, expect, it } from 'vitest';
import { chooseIdentityFile } from '../../../lib/secrets/identity-file.ts';

describe('chooseIdentityFile', () => {
  it.each([
    ['flag', { KEELWAY_AGE_IDENTITY_FILE: 'own', SOPS_AGE_KEY_FILE: 'sops' }, 'flag'],
    [undefined, { KEELWAY_AGE_IDENTITY_FILE: 'own', SOPS_AGE_KEY_FILE: 'sops' }, 'own'],
    [undefined, { SOPS_AGE_KEY_FILE: 'sops' }, 'sops'],
    [undefined, { KEELWAY_AGE_IDENTITY_FILE: '' }, null],
    [undefined, {}, null],
  ])('flag %s, environment %j: %s', (flag, environment, expected) => {
    expect(chooseIdentityFile(flag, environment)).toBe(expected);
  });
});
