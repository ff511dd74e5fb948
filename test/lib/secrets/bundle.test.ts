import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodePorts } from '../../../lib/node-ports.ts';
import { createSecrets, loadSecrets, saveSecrets } from '../../../lib/secrets/bundle.ts';
import { AUTHORITY_NAMES } from '../../../lib/secrets/secrets-bundle.ts';
import { externalCluster, HOUR, NOW, output, portsAt, temporaryFolder, testSecrets } from '../pki/support.ts';

const cluster = externalCluster();
const ports = portsAt();

describe('createSecrets', () => {
  it('makes every CA, key and token, none of them twice', async () => {
    const [one, two] = [await testSecrets(cluster), await testSecrets(cluster)];
    const secretsOf = (bundle: typeof one) => [
      ...AUTHORITY_NAMES.map((name) => bundle.authorities[name][0]?.keyPem),
      bundle.serviceAccountKeys[0]?.privateKeyPem,
      bundle.encryptionKeys[0]?.secretBase64,
      bundle.leafSealBase64,
      bundle.etcdToken,
      bundle.clusterId,
    ];
    const all = [...secretsOf(one), ...secretsOf(two)];
    expect(all).not.toContain(undefined);
    expect(new Set(all).size).toBe(all.length);
    expect(Buffer.from(one.encryptionKeys[0]?.secretBase64 ?? '', 'base64')).toHaveLength(32);
    expect(one.createdSeconds).toBe(NOW);
  });

  it.each([
    ['ECDSA-P256', { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } }],
    ['RSA-2048', { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 2048 } }],
  ] as const)('makes the service-account key with %s', async (keyAlgorithm, expected) => {
    const bundle = await testSecrets(externalCluster({ keyAlgorithm }));
    const [key] = bundle.serviceAccountKeys;
    expect(createPublicKey(key?.publicKeyPem ?? '')).toMatchObject(expected);
    expect(await output('openssl', ['pkey', '-pubout'], key?.privateKeyPem ?? '')).toBe(key?.publicKeyPem);
  });

  it('refuses CAs that die before their leaves', async () => {
    const attempt = testSecrets(externalCluster({ caValiditySeconds: 8759 * HOUR }));
    await expect(attempt).rejects.toMatchObject({ code: 'PKI_LIFETIME_INVALID' });
  });

  it('stops when it is aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(createSecrets(cluster, ports, { signal })).rejects.toBe(signal.reason);
  });
});

describe('saveSecrets and loadSecrets', () => {
  it('write for the owner only and read back the same', async () => {
    const path = join(temporaryFolder(), 'new', 'secrets.yaml');
    const bundle = await testSecrets(cluster);
    await saveSecrets(bundle, path, ports);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await loadSecrets(path, 'ha', ports)).toEqual(bundle);
  });

  it('never replace a file, a folder or a link', async () => {
    const folder = temporaryFolder();
    const bundle = await testSecrets(cluster);
    const path = join(folder, 'secrets.yaml');
    writeFileSync(path, 'precious');
    symlinkSync('nowhere', join(folder, 'link'));
    for (const taken of [path, folder, join(folder, 'link')]) {
      await expect(saveSecrets(bundle, taken, ports)).rejects.toMatchObject({ code: 'SECRETS_EXIST' });
    }
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('leave a file that appears in the last moment', async () => {
    const path = join(temporaryFolder(), 'secrets.yaml');
    const files = { ...nodePorts().files, stat: async () => null };
    writeFileSync(path, 'precious');
    const attempt = saveSecrets(await testSecrets(cluster), path, { ...ports, files });
    await expect(attempt).rejects.toMatchObject({ code: 'SECRETS_EXIST' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('leave no half of a bundle when the disk is full', async () => {
    const path = join(temporaryFolder(), 'secrets.yaml');
    const real = nodePorts().files;
    const files = {
      ...real,
      writeNew: async (where: string, contents: Uint8Array | string, mode: number) => {
        await real.writeNew(where, contents.slice(0, 100), mode);
        throw new Error('no space left');
      },
    };
    await expect(saveSecrets(await testSecrets(cluster), path, { ...ports, files })).rejects.toThrow('no space');
    expect(existsSync(path)).toBe(false);
  });

  it('say what to do when there is no bundle', async () => {
    const attempt = loadSecrets(join(temporaryFolder(), 'secrets.yaml'), 'ha', ports);
    await expect(attempt).rejects.toMatchObject({
      code: 'SECRETS_MISSING',
      hint: expect.stringContaining('keelway secrets create'),
    });
  });

  it('refuse the bundle of another cluster', async () => {
    const path = join(temporaryFolder(), 'secrets.yaml');
    await saveSecrets(await testSecrets(cluster), path, ports);
    const attempt = loadSecrets(path, 'edge', ports);
    await expect(attempt).rejects.toMatchObject({ code: 'SECRETS_MISMATCH', message: expect.stringContaining('ha') });
    expect((await loadSecrets(path, null, ports)).clusterName).toBe('ha');
  });
});
