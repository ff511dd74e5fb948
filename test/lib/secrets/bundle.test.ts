import { spawn } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
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
    const real = nodePorts().files;
    let asked = 0;
    // Not there when it is asked for first, there when it is to be written.
    const files = { ...real, stat: async (where: string) => (asked++ === 0 ? null : await real.stat(where)) };
    writeFileSync(path, 'precious');
    const attempt = saveSecrets(await testSecrets(cluster), path, { ...ports, files });
    await expect(attempt).rejects.toMatchObject({ code: 'SECRETS_EXIST' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('leave nothing when the disk is full', async () => {
    const path = join(temporaryFolder(), 'secrets.yaml');
    const files = { ...nodePorts().files, writeOnce: () => Promise.reject(new Error('no space left')) };
    await expect(saveSecrets(await testSecrets(cluster), path, { ...ports, files })).rejects.toThrow('no space');
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it('write a bundle whole or not at all, when the run is killed while it writes', async () => {
    const sizeBytes = 48 * 1024 * 1024;
    const module = JSON.stringify(new URL('../../../lib/node-ports.ts', import.meta.url).href);
    const program = `
      import { nodePorts } from ${module};
      await nodePorts().files.writeOnce('secrets.yaml', Buffer.alloc(${sizeBytes}, 'x'), 0o600);`;
    let killed = 0;
    for (let round = 0; round < 5; round += 1) {
      const folder = temporaryFolder();
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, stdio: 'inherit' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // As soon as there is anything at all.
      while (child.exitCode === null && readdirSync(folder).length === 0) await setImmediate();
      child.kill('SIGKILL');
      await ended;
      const path = join(folder, 'secrets.yaml');
      if (existsSync(path)) expect(statSync(path).size).toBe(sizeBytes);
      else killed += 1;
    }
    expect(killed).toBeGreaterThan(0);
  });

  it('remove the keys that a killed run left, and nothing else', async () => {
    const folder = temporaryFolder();
    const others = ['secrets.yaml.123-0.tmp.bak', 'secrets.yaml.bak', 'other.yaml.123-0.tmp'];
    for (const name of ['secrets.yaml.123-0.tmp', ...others]) writeFileSync(join(folder, name), 'x');
    await saveSecrets(await testSecrets(cluster), join(folder, 'secrets.yaml'), ports);
    expect(readdirSync(folder).sort()).toEqual([...others, 'secrets.yaml'].sort());
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
