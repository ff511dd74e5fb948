import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKey } from '../../../lib/pki/keys.ts';
import { output } from './support.ts';

describe('generateKey', () => {
  it('encodes P-256 keys that OpenSSL reads, short scalars included', async () => {
    // One in 256 scalars is short, so about four of these are.
    for (let count = 0; count < 1000; count += 1) {
      const key = await generateKey('ECDSA-P256');
      const publicKey = createPublicKey(createPrivateKey(key.privateKeyPem));
      expect(publicKey.export({ type: 'spki', format: 'der' }).equals(key.publicKeyDer)).toBe(true);
    }
  });

  it.each([
    ['ECDSA-P256', /Private-Key: \(256 bit\)[\s\S]*ASN1 OID: prime256v1/],
    ['RSA-2048', /Private-Key: \(2048 bit, 2 primes\)/],
  ] as const)('makes %s keys that the openssl program checks', async (algorithm, expected) => {
    const key = await generateKey(algorithm);
    expect(key.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const text = await output('openssl', ['pkey', '-check', '-text', '-noout'], key.privateKeyPem);
    expect(text).toMatch(expected);
    expect(text).toMatch(/Key is valid/);
  });

  it('never makes a key twice', async () => {
    const keys = await Promise.all(Array.from({ length: 50 }, () => generateKey('ECDSA-P256')));
    expect(new Set(keys.map((key) => key.privateKeyPem)).size).toBe(50);
  });
});
