import { beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { planCertificates } from '../../../lib/pki/certificates.ts';
import { createAuthority } from '../../../lib/pki/create-authority.ts';
import { type IssueOptions, type IssueResult, issueCertificates } from '../../../lib/pki/issue-certificates.ts';
import { generateKey } from '../../../lib/pki/keys.ts';
import type { CertificateRequest } from '../../../lib/pki/pki-bundle.ts';
import type { SecretsBundle } from '../../../lib/secrets/secrets-bundle.ts';
import { DAY, externalCluster, HOUR, NOW, portsAt, testSecrets } from './support.ts';

const cluster = externalCluster();
const requests = planCertificates(cluster);
let secrets: SecretsBundle;
let first: IssueResult;

beforeAll(async () => {
  secrets = await testSecrets(cluster);
  first = await issueCertificates(requests, secrets, optionsAt(NOW));
});

function optionsAt(seconds: number, changes: Partial<IssueOptions> = {}): IssueOptions {
  return { ...portsAt(seconds), settings: cluster.pki, ...changes };
}

async function again(
  changed: Cluster = cluster,
  seconds: number = NOW + DAY,
  bundle: SecretsBundle = secrets,
  changes: Partial<IssueOptions> = {},
): Promise<IssueResult> {
  const options = { kept: first.leaves, settings: changed.pki, ...changes };
  return await issueCertificates(planCertificates(changed), bundle, optionsAt(seconds, options));
}

function withSans(certSANs: readonly string[]): Cluster {
  return { ...cluster, controlPlane: { ...cluster.controlPlane, certSANs } };
}

async function rotated(name: 'etcd' | 'kubernetes'): Promise<SecretsBundle> {
  const request = {
    commonName: `${name}-ca-new`,
    organization: 'ha',
    algorithm: 'ECDSA-P256',
    notBeforeSeconds: NOW,
    notAfterSeconds: NOW + 3650 * DAY,
  } as const;
  const authority = await createAuthority(request, portsAt().random, generateKey);
  return { ...secrets, authorities: { ...secrets.authorities, [name]: [authority, ...secrets.authorities[name]] } };
}

describe('issueCertificates', () => {
  it('issues everything the first time, in the order of the requests', () => {
    expect(first.issued).toEqual(requests.map(({ id }) => ({ id, reason: 'new' })));
    expect([...first.bundle.leaves.keys()]).toEqual(requests.map(({ id }) => id));
    expect(first.reused).toBe(0);
    expect(first.warnings).toEqual([]);
  });

  it('reuses everything while nothing changes', async () => {
    const result = await again();
    expect(result.issued).toEqual([]);
    expect(result.reused).toBe(requests.length);
    expect(result.bundle).toEqual(first.bundle);
    for (const [id, leaf] of result.leaves) expect(leaf).toBe(first.leaves.get(id));
  });

  it('does not mind another order or spelling of the same names', async () => {
    const result = await again(withSans(['2001:DB8:0::7', 'API.example.com', '203.0.113.7']));
    expect(result.issued).toEqual([]);
  });

  it('issues again exactly what a change touches, and says why', async () => {
    const result = await again(withSans(['api.example.com', '203.0.113.7', 'k8s.example.com', '203.0.113.8']));
    const reason = 'new SAN k8s.example.com, 203.0.113.8; dropped SAN 2001:db8::7';
    expect(result.issued).toEqual(['cp-1', 'cp-2', 'cp-3'].map((machine) => ({ id: `${machine}/apiserver`, reason })));
    expect(result.reused).toBe(requests.length - 3);
    expect(result.bundle.leaves.get('cp-1/scheduler')).toBe(first.bundle.leaves.get('cp-1/scheduler'));
    expect(result.bundle.leaves.get('cp-1/apiserver')?.keyPem).not.toBe(
      first.bundle.leaves.get('cp-1/apiserver')?.keyPem,
    );
  });

  it.each([
    ['lifetime changed', { leafValiditySeconds: 4000 * HOUR }],
    ['key algorithm changed', { keyAlgorithm: 'RSA-2048' }],
    ['key algorithm changed; lifetime changed', { keyAlgorithm: 'RSA-2048', leafValiditySeconds: 4000 * HOUR }],
  ] as const)('says %s', async (reason, pki) => {
    const [machine] = cluster.machines.slice(-1);
    const small = { ...cluster, machines: machine === undefined ? [] : [machine], pki: { ...cluster.pki, ...pki } };
    const result = await again(small);
    expect(new Set(result.issued.map((each) => each.reason))).toEqual(new Set([reason]));
    expect(result.issued).toHaveLength(4);
  });

  it.each([
    ['subject changed', { commonName: 'other' }],
    ['subject changed', { organizations: ['other'] }],
    ['usages changed', { usages: ['server'] }],
    ['authority changed', { authority: 'kubernetes' }],
  ] as const)('says %s', async (reason, change: Partial<CertificateRequest>) => {
    const id = 'etcd-1/etcd-server';
    const changed = requests.map((request) => (request.id === id ? { ...request, ...change } : request));
    const result = await issueCertificates(changed, secrets, optionsAt(NOW, { kept: first.leaves }));
    expect(result.issued).toEqual([{ id, reason }]);
  });

  it('issues again what Keelway now makes in another way', async () => {
    const leaf = first.leaves.get('cp-1/scheduler');
    const kept = new Map([...first.leaves, ['cp-1/scheduler', { ...leaf, requestHash: '0'.repeat(64) } as never]]);
    const result = await again(cluster, NOW, secrets, { kept });
    expect(result.issued).toEqual([{ id: 'cp-1/scheduler', reason: 'certificate profile changed' }]);
  });

  it('opens the renewal window to the second', async () => {
    const opens = NOW + 8760 * HOUR - cluster.pki.renewBeforeSeconds;
    expect((await again(cluster, opens)).issued).toEqual([]);
    const { issued, bundle } = await again(cluster, opens + 1);
    expect(new Set(issued.map((each) => each.reason))).toEqual(new Set(['renewal window opened']));
    expect(issued).toHaveLength(requests.length);
    expect(bundle.leaves.get('operator/admin')?.notAfterSeconds).toBe(opens + 1 + 8760 * HOUR);
    const late = await again(cluster, NOW + 8760 * HOUR);
    expect(new Set(late.issued.map((each) => each.reason))).toEqual(new Set(['expired']));
  });

  it('issues again what a new CA shall sign, and trusts both', async () => {
    const bundle = await rotated('etcd');
    const result = await again(cluster, NOW + DAY, bundle);
    const touched = requests.filter((request) => request.authority === 'etcd').map(({ id }) => id);
    expect(result.issued).toEqual(touched.map((id) => ({ id, reason: 'authority changed' })));
    const [newer, older] = bundle.authorities.etcd;
    expect(result.bundle.trust.etcd).toBe(`${newer?.certificatePem}${older?.certificatePem}`);
  });

  it('cuts leaves short at the end of their CA, says so, and does not issue them at every run', async () => {
    const late = NOW + 87_600 * HOUR - 30 * DAY;
    const result = await issueCertificates(requests, secrets, optionsAt(late));
    for (const leaf of result.bundle.leaves.values()) expect(leaf.notAfterSeconds).toBe(NOW + 87_600 * HOUR);
    expect(result.warnings.map(({ code }) => code)).toEqual(new Array(4).fill('PKI_AUTHORITY_ENDS_SOON'));
    const next = await again(cluster, late + DAY, secrets, { kept: result.leaves });
    expect(next.issued).toEqual([]);
  });

  it.each([
    ['the bundle', NOW - 1, undefined],
    ['a kept certificate', NOW + DAY, 'kept'],
  ] as const)('refuses a clock before %s', async (_, seconds, kept) => {
    const options = kept && { kept: (await issueCertificates(requests, secrets, optionsAt(NOW + 2 * DAY))).leaves };
    const attempt = issueCertificates(requests, secrets, optionsAt(seconds, options));
    await expect(attempt).rejects.toMatchObject({
      code: 'PKI_CLOCK_BACKWARDS',
      message: expect.stringContaining('2026-11-2'),
    });
  });

  it.each([
    ['a lifetime beyond the CA', { leafValiditySeconds: 87_602 * HOUR }],
    ['a renewal window as long as the lifetime', { renewBeforeSeconds: 8760 * HOUR }],
    ['a CA that has ended', {}, NOW + 87_600 * HOUR],
  ] as const)('refuses %s', async (_, pki, seconds = NOW) => {
    const changed = externalCluster(pki);
    const options = optionsAt(seconds, { settings: changed.pki });
    const attempt = issueCertificates(planCertificates(changed), secrets, options);
    await expect(attempt).rejects.toMatchObject({ code: 'PKI_LIFETIME_INVALID' });
  });

  it('refuses a CA that does not exist', async () => {
    const request = { ...requests[0], authority: 'nobody' } as unknown as CertificateRequest;
    const attempt = issueCertificates([request], secrets, optionsAt(NOW));
    await expect(attempt).rejects.toMatchObject({ code: 'PKI_SIGNER_UNKNOWN' });
  });

  it('hands out the one CA key that machines may have, and not even that offline', async () => {
    const [signer] = secrets.authorities['node-signer'];
    expect(first.bundle.nodeSigner).toEqual({ certificatePem: signer?.certificatePem, keyPem: signer?.keyPem });
    const offline = await again(externalCluster({ nodeSigner: 'offline' }));
    expect(offline.bundle.nodeSigner).toBeNull();
    const text = JSON.stringify([...first.bundle.leaves.values(), offline.bundle]);
    for (const [authority] of Object.values(secrets.authorities)) {
      expect(text).not.toContain(JSON.stringify(authority?.keyPem).slice(1, -1));
    }
  });

  it('stops when it is aborted', async () => {
    const signal = AbortSignal.abort();
    const attempt = issueCertificates(requests, secrets, optionsAt(NOW, { signal }));
    await expect(attempt).rejects.toBe(signal.reason);
  });

  it('makes no further key after a failure', async () => {
    let keys = 0;
    const failing = async (): Promise<never> => {
      keys += 1;
      throw new Error('no entropy');
    };
    const settings = { ...cluster.pki, keyAlgorithm: 'RSA-2048' } as const;
    const attempt = issueCertificates(requests, secrets, optionsAt(NOW, { settings, generateKey: failing }));
    await expect(attempt).rejects.toThrow('no entropy');
    expect(keys).toBeLessThanOrEqual(4);
  });
});
