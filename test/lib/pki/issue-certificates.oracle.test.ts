import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { planCertificates } from '../../../lib/pki/certificates.ts';
import { type IssueResult, issueCertificates } from '../../../lib/pki/issue-certificates.ts';
import type { CertificateRequest, IssuedCertificate } from '../../../lib/pki/pki-bundle.ts';
import type { SecretsBundle } from '../../../lib/secrets/secrets-bundle.ts';
import { AUTHORITY_NAMES } from '../../../lib/secrets/secrets-bundle.ts';
import { exampleCluster, exampleNames } from '../../support/clusters.ts';
import { findGo } from '../../tools/lib/go.ts';
import { NOW, output, portsAt, testSecrets } from './support.ts';

const PURPOSE = { server: 'sslserver', client: 'sslclient' } as const;
const USAGE_TEXT = { server: 'TLS Web Server Authentication', client: 'TLS Web Client Authentication' } as const;

const clusters = (['ECDSA-P256', 'RSA-2048'] as const).flatMap((keyAlgorithm) =>
  exampleNames.map((name): [string, Cluster] => {
    const example = exampleCluster(name);
    return [`examples/${name}, ${keyAlgorithm}`, { ...example, pki: { ...example.pki, keyAlgorithm } }];
  }),
);

describe.each(clusters)('certificates of %s', (_, cluster) => {
  const folder = mkdtempSync(join(tmpdir(), 'keelway-oracle-'));
  const requests = planCertificates(cluster);
  let secrets: SecretsBundle;
  let result: IssueResult;
  const leafOf = (request: CertificateRequest) => result.bundle.leaves.get(request.id) as IssuedCertificate;
  const fileOf = (id: string) => join(folder, `${id.replaceAll('/', '_')}.crt`);

  beforeAll(async () => {
    secrets = await testSecrets(cluster);
    result = await issueCertificates(requests, secrets, { ...portsAt(), settings: cluster.pki });
    for (const [id, leaf] of result.bundle.leaves) writeFileSync(fileOf(id), leaf.certificatePem);
    for (const name of AUTHORITY_NAMES) writeFileSync(join(folder, `${name}-ca.crt`), result.bundle.trust[name]);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const verify = (authority: string, flags: readonly string[], ids: readonly string[]) =>
    output('openssl', [
      ...['verify', '-x509_strict', '-attime', String(NOW), '-no-CApath', '-no-CAstore'],
      ...['-CAfile', join(folder, `${authority}-ca.crt`), ...flags, ...ids.map(fileOf)],
    ]);

  it('pass openssl verify -x509_strict for each purpose they were asked for, and no other', async () => {
    for (const authority of AUTHORITY_NAMES) {
      const signed = requests.filter((request) => request.authority === authority);
      for (const usage of ['server', 'client'] as const) {
        const ids = signed.filter((request) => request.usages.includes(usage)).map((request) => request.id);
        const others = signed.filter((request) => !request.usages.includes(usage)).map((request) => request.id);
        if (ids.length > 0)
          expect(await verify(authority, ['-purpose', PURPOSE[usage]], ids)).toBe(
            ids.map((id) => `${fileOf(id)}: OK\n`).join(''),
          );
        for (const id of others.slice(0, 2)) {
          await expect(verify(authority, ['-purpose', PURPOSE[usage]], [id])).rejects.toThrow(
            /unsuitable certificate purpose|unsupported certificate purpose/i,
          );
        }
      }
    }
  });

  it('chain to their own CA only', async () => {
    for (const authority of AUTHORITY_NAMES) {
      const foreign = requests.find((request) => request.authority !== authority) as CertificateRequest;
      await expect(verify(authority, [], [foreign.id])).rejects.toThrow(/unable to get local issuer certificate/);
    }
  });

  it('say exactly what was asked for, as openssl reads them', async () => {
    const rsa = cluster.pki.keyAlgorithm === 'RSA-2048';
    for (const request of requests) {
      const text = await output('openssl', [
        'x509',
        '-noout',
        '-text',
        '-nameopt',
        'multiline,-align,utf8',
        '-in',
        fileOf(request.id),
      ]);
      const { dns, ips } = request.sans;
      expect(text).toContain('Version: 3 (0x2)');
      expect(text).toContain(rsa ? 'Public-Key: (2048 bit)' : 'ASN1 OID: prime256v1');
      expect(text).toContain(`Signature Algorithm: ${rsa ? 'sha256WithRSAEncryption' : 'ecdsa-with-SHA256'}`);
      expect(section(text, 'X509v3 Basic Constraints: critical')).toBe('CA:FALSE');
      expect(section(text, 'X509v3 Key Usage: critical')).toBe(
        rsa ? 'Digital Signature, Key Encipherment' : 'Digital Signature',
      );
      expect(section(text, 'X509v3 Extended Key Usage:')).toBe(
        request.usages.map((usage) => USAGE_TEXT[usage]).join(', '),
      );
      expect(section(text, 'X509v3 Authority Key Identifier:')).toMatch(/^(?:keyid:)?(?:[0-9A-F]{2}:){19}[0-9A-F]{2}$/);
      const names = [...dns.map((name) => `DNS:${name}`), ...ips.map((ip) => `IP Address:${spelledByOpenssl(ip)}`)];
      expect(section(text, 'X509v3 Subject Alternative Name:')).toBe(names.length === 0 ? null : names.join(', '));
      const subject =
        /Subject: *\n((?: {12,}.*\n)+)/
          .exec(text)?.[1]
          ?.trim()
          .split(/\s*\n\s*/) ?? [];
      const organizations = request.organizations.map((name) => `organizationName = ${name}`);
      expect(subject).toEqual([...organizations, `commonName = ${request.commonName}`]);
      // The heading "X509v3 extensions" counts, too.
      expect(text.match(/X509v3 /g)).toHaveLength(1 + (names.length === 0 ? 4 : 5));
    }
  });

  it('carry the fingerprint and the times that are told of them', async () => {
    const leaf = leafOf(requests[0] as CertificateRequest);
    const text = await output(
      'openssl',
      ['x509', '-noout', '-fingerprint', '-sha256', '-dates', '-dateopt', 'iso_8601'],
      leaf.certificatePem,
    );
    const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z').replace('T', ' ');
    expect(text.replaceAll(':', '').toLowerCase()).toContain(leaf.fingerprint);
    expect(text).toContain(`notBefore=${iso(leaf.notBeforeSeconds)}\nnotAfter=${iso(leaf.notAfterSeconds)}`);
  });

  it('share no key and no serial number', () => {
    const leaves = [...result.bundle.leaves.values()];
    expect(new Set(leaves.map((leaf) => leaf.keyPem)).size).toBe(requests.length);
    const serials = leaves.map((leaf) => new X509Certificate(leaf.certificatePem).serialNumber);
    expect(new Set(serials).size).toBe(requests.length);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it('are taken by Go with their keys, for their names and usages exactly', async () => {
    const leaves = requests.map((request) => ({
      id: request.id,
      roots: result.bundle.trust[request.authority],
      certificate: leafOf(request).certificatePem,
      key: leafOf(request).keyPem,
      usages: request.usages,
      hosts: [...request.sans.dns, ...request.sans.ips],
      nowSeconds: NOW,
    }));
    const program = join(import.meta.dirname, 'go-verify');
    const go = (await findGo()).program;
    expect(await output(go, ['run', '-C', program, '.'], JSON.stringify(leaves))).toBe(`ok ${leaves.length}\n`);
  }, 120_000);

  it('come from CAs that may sign leaves and nothing else', async () => {
    for (const name of AUTHORITY_NAMES) {
      const file = join(folder, `${name}-ca.crt`);
      const text = await output('openssl', ['x509', '-noout', '-text', '-in', file]);
      expect(section(text, 'X509v3 Basic Constraints: critical')).toBe('CA:TRUE, pathlen:0');
      expect(section(text, 'X509v3 Key Usage: critical')).toBe('Digital Signature, Certificate Sign, CRL Sign');
      expect(section(text, 'X509v3 Subject Key Identifier:')).toMatch(/^(?:[0-9A-F]{2}:){19}[0-9A-F]{2}$/);
      expect(text).toMatch(new RegExp(`Subject: O ?= ?${cluster.name}, CN ?= ?${name}-ca-[0-9a-f]{8}\n`));
      expect(
        await output('openssl', [
          'verify',
          '-x509_strict',
          '-check_ss_sig',
          '-attime',
          String(NOW),
          '-CAfile',
          file,
          file,
        ]),
      ).toContain(': OK');
    }
  });
});

/** The line under a heading of openssl's text; null when there is no such heading. */
function section(text: string, heading: string): string | null {
  const lines = text.split('\n').map((line) => line.trim());
  const index = lines.indexOf(heading);
  return index === -1 ? null : (lines[index + 1] as string);
}

function spelledByOpenssl(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head, tail] = ip.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const gap = new Array(8 - (head?.length ?? 0) - (tail?.length ?? 0)).fill('0');
  return [...(head ?? []), ...gap, ...(tail ?? [])].map((group) => group.toUpperCase()).join(':');
}
