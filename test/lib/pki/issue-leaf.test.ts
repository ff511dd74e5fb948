import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAuthority, type Signer } from '../../../lib/pki/authority.ts';
import { createAuthority } from '../../../lib/pki/create-authority.ts';
import { issueLeaf } from '../../../lib/pki/issue-leaf.ts';
import { generateKey, type KeyPair } from '../../../lib/pki/keys.ts';
import type { CertificateRequest } from '../../../lib/pki/pki-bundle.ts';
import { DAY, HOUR, NOW, portsAt } from './support.ts';

const { random } = portsAt();
/** 9999-12-31T23:59:59Z, the last time of RFC 5280. */
const LAST_SECOND = 253_402_300_799;

async function signer(notBeforeSeconds: number, notAfterSeconds: number): Promise<Signer> {
  const request = {
    commonName: 'ca',
    organization: 'ha',
    algorithm: 'ECDSA-P256',
    notBeforeSeconds,
    notAfterSeconds,
  } as const;
  return openAuthority(await createAuthority(request, random, generateKey), 'test');
}

function request(changes: Partial<CertificateRequest> = {}): CertificateRequest {
  return {
    id: 'cp-1/apiserver',
    machine: 'cp-1',
    authority: 'kubernetes',
    commonName: 'kube-apiserver',
    organizations: [],
    usages: ['server'],
    sans: { dns: ['cp-1'], ips: [] },
    validitySeconds: 365 * DAY,
    ...changes,
  };
}

const key = (await generateKey('ECDSA-P256')) as KeyPair;
const longLived = await signer(0, LAST_SECOND);
const issue = (changes: Partial<CertificateRequest>, nowSeconds = NOW, by = longLived, serials = random) =>
  issueLeaf(request(changes), key, by, { nowSeconds, backdateSeconds: HOUR }, serials);

describe('issueLeaf', () => {
  it('starts an hour ago and lasts what was asked', () => {
    const leaf = issue({});
    expect([leaf.notBeforeSeconds, leaf.notAfterSeconds]).toEqual([NOW - HOUR, NOW + 365 * DAY]);
  });

  it('never starts before its CA and never outlives it', async () => {
    const leaf = issue({}, NOW, await signer(NOW - 60, NOW + 400 * DAY - 60));
    expect(leaf.notBeforeSeconds).toBe(NOW - 60);
    const late = issue({}, NOW + 300 * DAY, await signer(NOW, NOW + 400 * DAY));
    expect(late.notAfterSeconds).toBe(NOW + 400 * DAY);
  });

  it.each([
    ['a CA that has ended', NOW + 401 * DAY, 365 * DAY],
    ['a lifetime longer than any CA of its kind', NOW, 401 * DAY],
    ['no lifetime', NOW, 0],
  ])('refuses %s', async (_, nowSeconds, validitySeconds) => {
    const by = await signer(NOW, NOW + 400 * DAY);
    expect(() => issue({ validitySeconds }, nowSeconds, by)).toThrow(
      expect.objectContaining({ code: 'PKI_LIFETIME_INVALID' }),
    );
  });

  it('refuses a server without a name', () => {
    expect(() => issue({ sans: { dns: [], ips: [] } })).toThrow(expect.objectContaining({ code: 'PKI_SAN_EMPTY' }));
  });

  it.each(['', 'münchen.example', 'a b', '-a.example', 'a.example.', 'a\0.example', `${'a'.repeat(300)}`])(
    'refuses the name %j',
    (name) => {
      const attempt = () => issue({ sans: { dns: [name], ips: [] } });
      expect(attempt).toThrow(expect.objectContaining({ code: 'PKI_SAN_INVALID' }));
    },
  );

  it('refuses an address that is none', () => {
    const attempt = () => issue({ sans: { dns: [], ips: ['10.0.0.256'] } });
    expect(attempt).toThrow(expect.objectContaining({ code: 'PKI_SAN_INVALID' }));
  });

  it('encodes every time so that OpenSSL reads the same, on both sides of 2050', () => {
    const seconds = fc.oneof(
      fc.integer({ min: 2 * HOUR, max: LAST_SECOND - 366 * DAY }),
      fc.integer({ min: -2, max: 2 }).map((offset) => 2_524_608_000 + offset),
    );
    fc.assert(
      fc.property(seconds, fc.integer({ min: 1, max: 365 * DAY }), (nowSeconds, validitySeconds) => {
        const certificate = new X509Certificate(issue({ validitySeconds }, nowSeconds).certificatePem);
        expect(certificate.validFromDate.getTime()).toBe((nowSeconds - HOUR) * 1000);
        expect(certificate.validToDate.getTime()).toBe((nowSeconds + validitySeconds) * 1000);
        const generalized = certificate.raw.includes(Buffer.from([0x18, 0x0f]));
        expect(generalized).toBe(nowSeconds + validitySeconds >= 2_524_608_000);
      }),
    );
  });

  it('encodes serial numbers as positive integers of 127 bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const certificate = new X509Certificate(issue({}, NOW, longLived, { bytes: () => bytes }).certificatePem);
        const serial = BigInt(`0x${certificate.serialNumber}`);
        expect(serial.toString(2)).toHaveLength(127);
        expect(certificate.serialNumber.slice(2).toLowerCase()).toBe(Buffer.from(bytes.slice(1)).toString('hex'));
      }),
    );
  });

  it('encodes every name and address so that OpenSSL reads the same', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
    const addresses = fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 30 }), addresses, (dns, ips) => {
        const certificate = new X509Certificate(issue({ sans: { dns, ips } }).certificatePem);
        for (const each of dns) expect(certificate.checkHost(each, { subject: 'never' })).toBeDefined();
        for (const each of ips) expect(certificate.checkIP(each)).toBeDefined();
        expect(certificate.subjectAltName?.split(', ')).toHaveLength(dns.length + ips.length);
      }),
    );
  });

  it('keeps any text of a subject', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\p{L}\p{N}:._-]{1,64}$/u), (commonName) => {
        const { subject } = new X509Certificate(issue({ commonName }).certificatePem).toLegacyObject();
        expect((subject as unknown as { CN: string }).CN).toBe(commonName);
      }),
    );
  });
});
