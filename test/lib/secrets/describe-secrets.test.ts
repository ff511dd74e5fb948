import { describe, expect, it } from 'vitest';
import { describeSecrets } from '../../../lib/secrets/describe-secrets.ts';
import { AUTHORITY_NAMES } from '../../../lib/secrets/secrets-bundle.ts';
import { externalCluster, HOUR, NOW, output, testSecrets } from '../pki/support.ts';

const bundle = await testSecrets(externalCluster());
const description = describeSecrets(bundle);

describe('describeSecrets', () => {
  it('tells what openssl tells of the CAs', async () => {
    expect(description.authorities.map((authority) => authority.name)).toEqual(AUTHORITY_NAMES);
    for (const { name, subject, fingerprint } of description.authorities) {
      const pem = bundle.authorities[name][0]?.certificatePem ?? '';
      const text = await output(
        'openssl',
        ['x509', '-noout', '-fingerprint', '-sha256', '-subject', '-nameopt', 'sep_comma_plus_space'],
        pem,
      );
      expect(text.replaceAll(':', '').toLowerCase()).toContain(fingerprint);
      expect(text).toContain(`subject=${subject}`);
    }
    expect(description.authorities[0]).toMatchObject({
      signs: true,
      keyAlgorithm: 'ECDSA-P256',
      notBeforeSeconds: NOW - HOUR,
      notAfterSeconds: NOW + 87_600 * HOUR,
    });
  });

  it('names the keys by what cannot open anything', async () => {
    const der = await output(
      'openssl',
      ['pkey', '-pubin', '-outform', 'DER', '-out', '-'],
      bundle.serviceAccountKeys[0]?.publicKeyPem,
    ).catch(() => '');
    expect(der).not.toBe('');
    expect(description.serviceAccountKeys).toEqual([
      { signs: true, keyAlgorithm: 'ECDSA-P256', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(description.encryptionKeys).toEqual([{ name: 'key-1', writes: true }]);
  });

  it('shows no secret', () => {
    const text = JSON.stringify(description);
    expect(text).not.toMatch(/BEGIN|PRIVATE/);
    for (const secret of [bundle.leafSealBase64, bundle.etcdToken, bundle.encryptionKeys[0]?.secretBase64]) {
      expect(text).not.toContain(secret);
    }
  });
});
