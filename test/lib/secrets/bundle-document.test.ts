import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { KeelwayError } from '../../../lib/errors.ts';
import { generateKey } from '../../../lib/pki/keys.ts';
import { readBundleDocument, writeBundleDocument } from '../../../lib/secrets/bundle-document.ts';
import { externalCluster, testSecrets } from '../pki/support.ts';

const bundle = await testSecrets(externalCluster());
const text = writeBundleDocument(bundle);
// biome-ignore lint/suspicious/noExplicitAny: tests damage it in every way
type Document = any;

function changed(change: (document: Document) => void): string {
  const document = parse(text);
  change(document);
  return stringify(document, { aliasDuplicateObjects: false });
}

const ecKey = (await generateKey('ECDSA-P256')).privateKeyPem;
const FAULTS: readonly (readonly [string, (document: Document) => void, RegExp])[] = [
  [
    'another version',
    (d) => {
      d.apiVersion = 'keelway.dev/v9';
    },
    /apiVersion is not keelway.dev\/v1alpha1/,
  ],
  [
    'another kind',
    (d) => {
      d.kind = 'Cluster';
    },
    /kind is not SecretsBundle/,
  ],
  [
    'no metadata',
    (d) => {
      delete d.metadata;
    },
    /metadata is missing/,
  ],
  [
    'a time that is none',
    (d) => {
      d.metadata.created = '2026-13-01T00:00:00Z';
    },
    /metadata.created is not a time/,
  ],
  [
    'a number for a name',
    (d) => {
      d.metadata.name = 7;
    },
    /metadata.name is not a cluster name/,
  ],
  [
    'a path for a name',
    (d) => {
      d.metadata.name = '../../etc';
    },
    /metadata.name/,
  ],
  [
    'an unknown key',
    (d) => {
      d.metadata.colour = 'red';
    },
    /metadata.colour is not known/,
  ],
  [
    'an unknown key at the top',
    (d) => {
      d.more = 1;
    },
    /more is not known/,
  ],
  [
    'an unknown CA',
    (d) => {
      d.authorities.other = [];
    },
    /authorities.other is not known/,
  ],
  [
    'a missing CA',
    (d) => {
      delete d.authorities.etcd;
    },
    /authorities.etcd is missing/,
  ],
  [
    'an empty list of CAs',
    (d) => {
      d.authorities.etcd = [];
    },
    /authorities.etcd is empty/,
  ],
  [
    'a CA that is no mapping',
    (d) => {
      d.authorities.etcd = ['x'];
    },
    /authorities.etcd\[0\] is not a mapping/,
  ],
  [
    'a CA without its key',
    (d) => {
      delete d.authorities.etcd[0].key;
    },
    /authorities.etcd\[0\].key is missing/,
  ],
  [
    'a key of another CA',
    (d) => {
      d.authorities.etcd[0].key = d.authorities.kubernetes[0].key;
    },
    /authorities.etcd\[0\].key does not belong/,
  ],
  [
    'a new key',
    (d) => {
      d.authorities['front-proxy'][0].key = ecKey;
    },
    /authorities.front-proxy\[0\].key does not belong/,
  ],
  [
    'a broken key',
    (d) => {
      d.authorities.etcd[0].key = d.authorities.etcd[0].key.replace(/\n..../, '\nAAAA');
    },
    /authorities.etcd\[0\].key is not an unencrypted private key/,
  ],
  [
    'a broken certificate',
    (d) => {
      d.authorities.etcd[0].certificate = d.authorities.etcd[0].certificate.replace(/\n..../, '\nAAAA');
    },
    /authorities.etcd\[0\].certificate is not a PEM certificate/,
  ],
  [
    'a certificate chain',
    (d) => {
      d.authorities.etcd[0].certificate += d.authorities.kubernetes[0].certificate;
    },
    /authorities.etcd\[0\].certificate/,
  ],
  [
    'one CA in two places',
    (d) => {
      d.authorities['front-proxy'] = d.authorities.kubernetes;
    },
    /authorities.front-proxy\[0\] has the name or the key of authorities.kubernetes\[0\]/,
  ],
  [
    'one CA twice',
    (d) => {
      d.authorities.etcd.push(d.authorities.etcd[0]);
    },
    /authorities.etcd\[1\] has the name or the key/,
  ],
  [
    'no service-account key',
    (d) => {
      d.serviceAccountKeys = [];
    },
    /serviceAccountKeys is empty/,
  ],
  [
    'a first service-account key that cannot sign',
    (d) => {
      d.serviceAccountKeys = [{ publicKey: bundle.serviceAccountKeys[0]?.publicKeyPem }];
    },
    /serviceAccountKeys\[0\].key is missing/,
  ],
  [
    'a short encryption key',
    (d) => {
      d.encryptionKeys[0].secret = 'c2hvcnQ=';
    },
    /encryptionKeys\[0\].secret is not 32 bytes/,
  ],
  [
    'encryption keys that are no list',
    (d) => {
      d.encryptionKeys = {};
    },
    /encryptionKeys is not a list/,
  ],
  [
    'no token',
    (d) => {
      d.etcdToken = null;
    },
    /etcdToken is not a token/,
  ],
  [
    'no recipient',
    (d) => {
      d.encryption = { format: 'age', recipients: [] };
    },
    /encryption.recipients is empty/,
  ],
  [
    'an unknown encryption',
    (d) => {
      d.encryption = { format: 'rot13', recipients: [] };
    },
    /encryption.format is not age or sops/,
  ],
  [
    'recipients that are numbers',
    (d) => {
      d.encryption = { format: 'age', recipients: [1] };
    },
    /encryption.recipients is not a list of strings/,
  ],
];

async function faultOf(document: string): Promise<KeelwayError> {
  const error = await readBundleDocument(document, 'secrets.yaml').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(KeelwayError);
  return error as KeelwayError;
}

describe('the bundle as a document', () => {
  it('is read back as it was written', async () => {
    expect(await readBundleDocument(text, 'secrets.yaml')).toEqual(bundle);
  });

  it('is the same as JSON', async () => {
    expect(await readBundleDocument(JSON.stringify(parse(text)), 'secrets.yaml')).toEqual(bundle);
  });

  it('may hold older CAs and keys that are only trusted', async () => {
    const older = await testSecrets(externalCluster());
    const document = changed((d) => {
      d.authorities.etcd.push({ certificate: older.authorities.etcd[0]?.certificatePem });
      d.serviceAccountKeys.push({ publicKey: older.serviceAccountKeys[0]?.publicKeyPem });
      d.encryptionKeys.push({ name: 'key-0', secret: older.encryptionKeys[0]?.secretBase64 });
    });
    const read = await readBundleDocument(document, 'secrets.yaml');
    expect(read.authorities.etcd[1]).toEqual({ ...older.authorities.etcd[0], keyPem: null });
    expect(read.serviceAccountKeys[1]).toEqual({ ...older.serviceAccountKeys[0], privateKeyPem: null });
    expect(read.encryptionKeys.map((key) => key.name)).toEqual(['key-1', 'key-0']);
  });

  it.each(FAULTS)('refuses %s', async (_, change, expected) => {
    const error = await faultOf(changed(change));
    expect(error.code).toBe('SECRETS_INVALID');
    expect(error.message).toMatch(expected);
  });

  it('refuses a key that Keelway does not sign with', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const error = await faultOf(
      changed((d) => {
        d.serviceAccountKeys[0].key = privateKey;
      }),
    );
    expect(error).toMatchObject({
      code: 'PKI_KEY_INVALID',
      message: expect.stringContaining('serviceAccountKeys[0].key'),
    });
  });

  it.each([
    ['nothing', ''],
    ['a word', 'hello'],
    ['a list', '- a\n- b\n'],
    ['no YAML', 'a: [b\n'],
    ['duplicate keys', 'kind: a\nkind: b\n'],
    ['tabs', '\ta: b'],
    ['an alias', 'a: &a [1]\nb: *a\n'],
    [
      'a YAML bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]},`.repeat(9)}]`)
        .join('\n')}\n`,
    ],
    ['an unknown tag', 'a: !!js/function x\n'],
    ['deep nesting', '['.repeat(100_000)],
    ['deep JSON', `{"a":${'['.repeat(100_000)}`],
    ['a prototype', '{"__proto__": {"apiVersion": "keelway.dev/v1alpha1"}}'],
    ['a prototype in YAML', '__proto__:\n  apiVersion: keelway.dev/v1alpha1\n'],
    ['two documents', `${text}---\n${text}`],
    ['very many keys', Array.from({ length: 50_000 }, (_, index) => `k${index}:\n`).join('')],
    ['a key that is a list', '? [a]\n: b\n'],
    ['a long key', `{"${'k'.repeat(100_000)}": 1}`],
  ])('refuses %s in a moment', async (_, document) => {
    const start = process.cpuUsage();
    const error = await faultOf(document);
    expect(error.code).toBe('SECRETS_INVALID');
    expect(error.message.length).toBeLessThan(300);
    expect(process.cpuUsage(start).user).toBeLessThan(5_000_000);
    expect(({} as Record<string, unknown>).apiVersion).toBeUndefined();
  });

  it('ends every damaged bundle in an error with a code that quotes no key', async () => {
    const lines = text.split('\n');
    const damage = fc.record({
      line: fc.nat(lines.length - 1),
      column: fc.nat(64),
      insert: fc.string({ unit: 'binary', maxLength: 8 }),
      remove: fc.nat(8),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ line, column, insert, remove }) => {
        const original = lines[line] as string;
        const edited = original.slice(0, column) + insert + original.slice(column + remove);
        const document = lines.with(line, edited).join('\n');
        try {
          await readBundleDocument(document, 'secrets.yaml');
        } catch (error) {
          if (!(error instanceof KeelwayError)) throw error;
          expect(error.code).toMatch(/^(?:SECRETS|PKI_KEY)_INVALID$/);
          expect(`${error.message}${error.hint}${error.cause}`).not.toMatch(/[A-Za-z0-9+/]{40}/);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('ends every other value in an error with a code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect((await faultOf(JSON.stringify(value))).code).toBe('SECRETS_INVALID');
        expect((await faultOf(stringify(value))).code).toBe('SECRETS_INVALID');
      }),
      { numRuns: 200 },
    );
  });
});
