import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { planCertificates } from '../../../lib/pki/certificates.ts';
import { issueCertificates } from '../../../lib/pki/issue-certificates.ts';
import { leafFolder, loadLeaves, saveLeaves } from '../../../lib/pki/leaf-store.ts';
import type { ExecPort } from '../../../lib/ports.ts';
import { createSecrets, loadSecrets, saveSecrets } from '../../../lib/secrets/bundle.ts';
import { writeBundleDocument } from '../../../lib/secrets/bundle-document.ts';
import type { BundleEncryption, SecretsBundle } from '../../../lib/secrets/secrets-bundle.ts';
import { toolPath } from '../../tools/tools.ts';
import { output, stackedCluster, temporaryFolder } from '../pki/support.ts';
import { ageFolder, portsWithSops } from './support.ts';

const cluster = stackedCluster();
const requests = planCertificates(cluster);
const ports = portsWithSops();

interface Fixture {
  readonly path: string;
  readonly identityFile: string;
  readonly recipient: string;
  readonly bundle: SecretsBundle;
}

/** An identity of the real age-keygen and a bundle encrypted to it, on the disk. */
async function fixture(format: BundleEncryption['format'], further: readonly string[] = []): Promise<Fixture> {
  const folder = temporaryFolder();
  const { identityFile, recipient } = await newIdentity(folder, 'key.txt');
  const encryption = { format, recipients: [recipient, ...further] };
  const bundle = await createSecrets(cluster, ports, { encryption });
  const path = join(folder, 'secrets.yaml');
  await saveSecrets(bundle, path, ports);
  return { path, identityFile, recipient, bundle };
}

async function newIdentity(folder: string, name: string): Promise<{ identityFile: string; recipient: string }> {
  const identityFile = join(folder, name);
  await output(join(ageFolder(), 'age-keygen'), ['-o', identityFile]);
  return { identityFile, recipient: (await output(join(ageFolder(), 'age-keygen'), ['-y', identityFile])).trim() };
}

function expectNoKeys(text: string, bundle: SecretsBundle): void {
  expect(text).not.toContain('PRIVATE KEY');
  expect(text).not.toContain(bundle.etcdToken);
  expect(text).not.toContain(bundle.leafSealBase64);
  expect(text).not.toContain(bundle.encryptionKeys[0]?.secretBase64);
}

async function reader(format: BundleEncryption['format'], identityFile: string, file: string): Promise<string> {
  return format === 'age'
    ? await output(toolPath('age'), ['-d', '-i', identityFile, file])
    : await output('env', [`SOPS_AGE_KEY_FILE=${identityFile}`, toolPath('sops'), 'decrypt', file]);
}

describe.each(['age', 'sops'] as const)('a bundle encrypted with %s', (format) => {
  it('is opened by the real tool, and shows no key without it', async () => {
    const { path, identityFile, bundle } = await fixture(format);
    const lying = readFileSync(path, 'utf8');
    expectNoKeys(lying, bundle);
    expect(lying).toMatch(format === 'age' ? /^-----BEGIN AGE ENCRYPTED FILE-----\n/ : /ENC\[AES256_GCM/);
    const opened = await reader(format, identityFile, path);
    expect(parse(opened)).toEqual(parse(writeBundleDocument(bundle)));
  });

  it('is read back as it was, and its leaves are encrypted to the same recipients', async () => {
    const { path, identityFile, bundle } = await fixture(format);
    const options = { identityFile };
    expect(await loadSecrets(path, 'single', ports, options)).toEqual(bundle);
    const before = await loadLeaves(path, requests, bundle, ports, options);
    const result = await issueCertificates(requests, bundle, { ...ports, settings: cluster.pki });
    const written = await saveLeaves(path, before, result.leaves, bundle, ports);
    expect(written).toEqual(['_operator', 'cp-1'].map((name) => join(leafFolder(path), `${name}.json`)));
    for (const file of written) {
      expectNoKeys(readFileSync(file, 'utf8'), bundle);
      expect(JSON.parse(await reader(format, identityFile, file))).toMatchObject({ kind: 'IssuedCertificates' });
    }
    const after = await loadLeaves(path, requests, bundle, ports, options);
    expect(after.leaves).toEqual(result.leaves);
  });

  it('is locked without an identity, and with a foreign one', async () => {
    const { path } = await fixture(format);
    const foreign = await newIdentity(temporaryFolder(), 'foreign.txt');
    for (const identityFile of [null, foreign.identityFile]) {
      const error = await loadSecrets(path, 'single', ports, { identityFile }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'SECRETS_LOCKED', hint: expect.stringContaining('identity') });
      expect(`${(error as Error).message}`).not.toContain('AGE-SECRET-KEY');
    }
  });

  it('opens for each of several recipients', async () => {
    const second = await newIdentity(temporaryFolder(), 'second.txt');
    const { path, identityFile, bundle } = await fixture(format, [second.recipient]);
    for (const each of [identityFile, second.identityFile]) {
      expect(await loadSecrets(path, null, ports, { identityFile: each })).toEqual(bundle);
    }
  });

  it('refuses a damaged file', async () => {
    const { path, identityFile } = await fixture(format);
    const lying = readFileSync(path, 'utf8');
    const damaged =
      format === 'age' ? lying.replace(/(\n.{30})./, '$1!') : lying.replace('name: single', 'name: double');
    writeFileSync(path, damaged);
    const attempt = loadSecrets(path, null, ports, { identityFile });
    await expect(attempt).rejects.toMatchObject({ code: expect.stringMatching(/^SECRETS_(?:INVALID|LOCKED)$/) });
  });
});

describe('age', () => {
  it('reads what the age tool wrote, armored or binary', async () => {
    const { path, identityFile, recipient, bundle } = await fixture('age');
    for (const flags of [[], ['--armor']]) {
      const plain = join(temporaryFolder(), 'plain.yaml');
      writeFileSync(plain, writeBundleDocument(bundle));
      await output(toolPath('age'), ['-e', ...flags, '-r', recipient, '-o', path, plain]);
      expect(await loadSecrets(path, null, ports, { identityFile })).toEqual(bundle);
    }
  });

  it('refuses a bundle encrypted by hand that does not name its recipients', async () => {
    const { path, identityFile, recipient, bundle } = await fixture('age');
    const plain = join(temporaryFolder(), 'plain.yaml');
    writeFileSync(plain, writeBundleDocument({ ...bundle, encryption: null }));
    await output(toolPath('age'), ['-e', '-r', recipient, '-o', path, plain]);
    const attempt = loadSecrets(path, null, ports, { identityFile });
    await expect(attempt).rejects.toMatchObject({
      code: 'SECRETS_INVALID',
      message: expect.stringContaining('to whom'),
    });
  });

  it('refuses a bundle that says it is encrypted and is not', async () => {
    const { path, bundle } = await fixture('age');
    writeFileSync(path, writeBundleDocument(bundle));
    const attempt = loadSecrets(path, null, ports);
    await expect(attempt).rejects.toMatchObject({
      code: 'SECRETS_INVALID',
      message: expect.stringContaining('plain text'),
    });
  });

  it('refuses a wrong recipient without repeating it, and writes nothing', async () => {
    const folder = temporaryFolder();
    const { identityFile } = await newIdentity(folder, 'key.txt');
    const identity = /AGE-SECRET-KEY-\S+/.exec(readFileSync(identityFile, 'utf8'))?.[0] as string;
    for (const recipient of [identity, 'age1nonsense', 'ssh-ed25519 AAAA', '']) {
      const bundle = await createSecrets(cluster, ports, { encryption: { format: 'age', recipients: [recipient] } });
      const error = await saveSecrets(bundle, join(folder, 'secrets.yaml'), ports).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'USAGE_INVALID', message: 'recipient 1 is not an age recipient' });
    }
    await expect(ports.files.stat(join(folder, 'secrets.yaml'))).resolves.toBeNull();
  });

  it.each([
    ['an empty identity file', () => '# nothing\n\n', /holds no age identity/],
    ['an identity of a plug-in', () => 'AGE-PLUGIN-YUBIKEY-1QQQQQ\n', /identity 1 is not a native/],
    ['an SSH key', () => '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n', /identity 1 is not a native/],
    ['an encrypted identity file', (bundle: string) => bundle, /is itself encrypted/],
  ])('explains %s', async (_, contents, expected) => {
    const { path } = await fixture('age');
    const identityFile = join(temporaryFolder(), 'id.txt');
    writeFileSync(identityFile, contents(readFileSync(path, 'utf8')));
    const attempt = loadSecrets(path, null, ports, { identityFile });
    await expect(attempt).rejects.toMatchObject({ code: 'SECRETS_LOCKED', message: expect.stringMatching(expected) });
  });
});

describe('sops', () => {
  it('leaves names and certificates readable, and notices when they are changed', async () => {
    const { path, bundle, identityFile } = await fixture('sops');
    const lying = parse(readFileSync(path, 'utf8'));
    expect(lying.metadata.name).toBe('single');
    expect(lying.authorities.etcd[0].certificate).toBe(bundle.authorities.etcd[0]?.certificatePem);
    appendFileSync(path, '');
    writeFileSync(path, readFileSync(path, 'utf8').replace('name: single', 'name: double'));
    const attempt = loadSecrets(path, null, ports, { identityFile });
    await expect(attempt).rejects.toMatchObject({ code: 'SECRETS_LOCKED', message: expect.stringMatching(/MAC/i) });
  });

  it('takes the recipients from .sops.yaml when none is given', async () => {
    const folder = temporaryFolder();
    const { identityFile, recipient } = await newIdentity(folder, 'key.txt');
    writeFileSync(join(folder, '.sops.yaml'), `creation_rules:\n  - age: ${recipient}\n`);
    const bundle = await createSecrets(cluster, ports, { encryption: { format: 'sops', recipients: [] } });
    const path = join(folder, 'secrets.yaml');
    await saveSecrets(bundle, path, ports);
    expectNoKeys(readFileSync(path, 'utf8'), bundle);
    expect(await loadSecrets(path, null, ports, { identityFile })).toEqual(bundle);
  });

  it('takes a plain bundle that sops encrypted in place', async () => {
    const { path, recipient, identityFile, bundle } = await fixture('sops');
    writeFileSync(path, writeBundleDocument({ ...bundle, encryption: null }));
    await output(toolPath('sops'), ['encrypt', '--in-place', '--age', recipient, path]);
    const loaded = await loadSecrets(path, null, ports, { identityFile });
    expect(loaded).toEqual({ ...bundle, encryption: { format: 'sops', recipients: [] } });
  });

  it('gives no secret to the arguments of a program', async () => {
    const seen: string[] = [];
    const exec: ExecPort = {
      run: (command, args, options) => {
        seen.push(command, ...args, ...Object.values(options?.environment ?? {}));
        return ports.exec.run(command, args, options);
      },
    };
    const { path, identityFile, bundle } = await fixture('sops');
    await loadSecrets(path, null, { ...ports, exec }, { identityFile });
    await saveSecrets(bundle, `${path}.new.yaml`, { ...ports, exec });
    expectNoKeys(seen.join(' '), bundle);
    expect(seen.join(' ')).not.toContain('AGE-SECRET-KEY');
  });

  it('says that sops is missing', async () => {
    const folder = temporaryFolder();
    const exec: ExecPort = { run: (_, args, options) => ports.exec.run('sops-that-is-not-there', args, options) };
    const bundle = await createSecrets(cluster, ports, { encryption: { format: 'sops', recipients: ['age1x'] } });
    const attempt = saveSecrets(bundle, join(folder, 'secrets.yaml'), { ...ports, exec });
    await expect(attempt).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  });
});
