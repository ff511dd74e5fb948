import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { encryptionConfig } from '../../../lib/components/encryption.ts';
import { testContext } from '../plan/reference-cluster.ts';

describe('encryptionConfig', () => {
  const { pki } = testContext('cp-1');

  it('writes with the first key, reads with all, and reads clear text last', () => {
    const encryptionKeys = [
      { name: 'key-2', secretBase64: 'bmV3' },
      { name: 'key-1', secretBase64: 'b2xk' },
    ];
    const file = encryptionConfig({ ...pki, encryptionKeys });
    expect(parse(file.contents)).toEqual({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [
        {
          resources: ['secrets'],
          providers: [
            {
              secretbox: {
                keys: [
                  { name: 'key-2', secret: 'bmV3' },
                  { name: 'key-1', secret: 'b2xk' },
                ],
              },
            },
            { identity: {} },
          ],
        },
      ],
    });
    expect([file.secret, file.mode]).toEqual([true, 0o600]);
  });

  it('refuses to store Secrets in clear', () => {
    expect(() => encryptionConfig({ ...pki, encryptionKeys: [] })).toThrow(
      expect.objectContaining({ code: 'PLAN_INVALID' }),
    );
  });
});
