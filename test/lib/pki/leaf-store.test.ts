import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { planCertificates } from '../../../lib/pki/certificates.ts';
import { issueCertificates } from '../../../lib/pki/issue-certificates.ts';
import { leafFolder, loadLeaves, saveLeaves } from '../../../lib/pki/leaf-store.ts';
import type { FilesPort } from '../../../lib/ports.ts';
import type { SecretsBundle } from '../../../lib/secrets/secrets-bundle.ts';
import { testMachine } from '../plan/reference-cluster.ts';
import { DAY, externalCluster, NOW, portsAt, temporaryFolder, testSecrets } from './support.ts';

const cluster = externalCluster();
const secrets = await testSecrets(cluster);
const ALL = ['_operator', 'cp-1', 'cp-2', 'cp-3', 'etcd-1', 'etcd-2', 'worker-1', 'worker-2', 'worker-3'];

/** One build: load, issue, save. */
async function build(path: string, of: Cluster = cluster, seconds = NOW, bundle: SecretsBundle = secrets) {
  const ports = portsAt(seconds);
  const requests = planCertificates(of);
  const before = await loadLeaves(path, requests, bundle, ports);
  const result = await issueCertificates(requests, bundle, { ...ports, settings: of.pki, kept: before.leaves });
  const written = await saveLeaves(path, before, result.leaves, bundle, ports);
  return { before, result, written: written.map((file) => file.slice(leafFolder(path).length + 1, -'.json'.length)) };
}

function bundlePath(): string {
  return join(temporaryFolder(), 'secrets.yaml');
}

function contentsOf(path: string): Record<string, string> {
  const folder = leafFolder(path);
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function otherLetter(text: string, place: RegExp): string {
  return text.replace(place, (letter) => (letter === 'X' ? 'Y' : 'X'));
}

describe('the leaf store', () => {
  it('keeps one file a machine, for the owner only', async () => {
    const path = bundlePath();
    const { written } = await build(path);
    expect(written).toEqual(ALL);
    expect(readdirSync(leafFolder(path)).sort()).toEqual(ALL.map((name) => `${name}.json`));
    expect(statSync(leafFolder(path)).mode & 0o777).toBe(0o700);
    for (const name of ALL) expect(statSync(join(leafFolder(path), `${name}.json`)).mode & 0o777).toBe(0o600);
  });

  it('gives back every leaf as it was, and writes nothing when nothing changed', async () => {
    const path = bundlePath();
    const first = await build(path);
    const before = contentsOf(path);
    const second = await build(path, cluster, NOW + DAY);
    expect(second.result.leaves).toEqual(first.result.leaves);
    expect(second.result.reused).toBe(46);
    expect(second.written).toEqual([]);
    expect(contentsOf(path)).toEqual(before);
  });

  it('writes the files of the machines that changed only', async () => {
    const path = bundlePath();
    await build(path);
    const moved = cluster.machines.map((machine) =>
      machine.name === 'worker-2' ? { ...machine, address: '10.0.0.132' } : machine,
    );
    const { written, result } = await build(path, { ...cluster, machines: moved });
    expect(written).toEqual(['worker-2']);
    expect(result.issued).toEqual([
      { id: 'worker-2/kubelet-serving', reason: 'new SAN 10.0.0.132; dropped SAN 10.0.0.32' },
    ]);
  });

  it('leaves a machine that is gone alone, names it, and knows it again', async () => {
    const path = bundlePath();
    await build(path);
    const file = join(leafFolder(path), 'worker-3.json');
    const kept = readFileSync(file, 'utf8');
    writeFileSync(file, kept);
    const { before } = await build(path, { ...cluster, machines: cluster.machines.slice(0, -1) });
    expect(before.unclaimed).toEqual(['worker-3']);
    expect(readFileSync(file, 'utf8')).toBe(kept);
    expect((await build(path)).result.reused).toBe(46);
  });

  it('keeps a leaf that is no longer asked for until it ends', async () => {
    const path = bundlePath();
    await build(path);
    const controlPlane = { ...cluster.controlPlane, vip: null, certSANs: [] };
    await build(path, { ...cluster, controlPlane });
    const { result } = await build(path, { ...cluster, controlPlane: { ...cluster.controlPlane, certSANs: [] } });
    expect(result.issued.filter(({ id }) => id.endsWith('/kube-vip'))).toEqual([]);
    const later = NOW + 366 * DAY;
    await build(path, { ...cluster, controlPlane }, later);
    expect(contentsOf(path)['cp-1.json']).not.toContain('cp-1/kube-vip');
  });

  it('does not mix up a machine called operator with the operator', async () => {
    const path = bundlePath();
    const machines = [...cluster.machines, testMachine('operator', 'worker', '10.0.0.34')];
    const { written } = await build(path, { ...cluster, machines });
    expect(written).toContain('operator');
    expect((await build(path, { ...cluster, machines })).result.reused).toBe(49);
  });

  it.each([
    ['a changed certificate', (text: string) => otherLetter(text, /(?<=BEGIN CERTIFICATE-----\\n.{20})./), /seal/],
    ['a changed key', (text: string) => otherLetter(text, /(?<=BEGIN PRIVATE KEY-----\\n.{20})./), /seal/],
    ['a changed name', (text: string) => text.replace('"cp-1"', '"cp-9"'), /seal|machine/],
    ['an added member', (text: string) => text.replace('"leaves"', '"more": 1,\n  "leaves"'), /seal/],
    ['no seal', (text: string) => text.replace(/,\s*"seal": "[0-9a-f]+"/, ''), /seal is missing/],
    ['half a file', (text: string) => text.slice(0, text.length / 2), /not valid JSON/],
    ['an empty file', () => '', /not a mapping/],
    ['binary', () => '\0\x01\x02', /YAML|mapping/],
    ['a list', () => '[]', /not a mapping/],
    ['another kind', (text: string) => text.replace('IssuedCertificates', 'Cluster'), /kind/],
  ])('refuses %s with the place, and loses nothing', async (_, damage, expected) => {
    const path = bundlePath();
    await build(path);
    const file = join(leafFolder(path), 'cp-1.json');
    const text = readFileSync(file, 'utf8');
    const damaged = damage(text);
    expect(damaged).not.toBe(text);
    writeFileSync(file, damaged);
    const before = contentsOf(path);
    const error = await build(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'PKI_LEAF_INVALID',
      message: expect.stringMatching(expected),
      hint: expect.stringContaining('issued again'),
    });
    expect((error as Error).message).toContain(file);
    expect((error as Error).message).not.toMatch(/BEGIN|[A-Za-z0-9+/]{40}/);
    expect(contentsOf(path)).toEqual(before);
  });

  it('refuses the file of another machine, and that of another cluster', async () => {
    const path = bundlePath();
    await build(path);
    const folder = leafFolder(path);
    writeFileSync(join(folder, 'cp-1.json'), readFileSync(join(folder, 'cp-2.json')));
    await expect(build(path)).rejects.toMatchObject({
      code: 'PKI_LEAF_INVALID',
      message: expect.stringMatching(/machine is not cp-1/),
    });
    const other = await testSecrets(cluster);
    await expect(build(path, cluster, NOW, other)).rejects.toMatchObject({
      code: 'PKI_LEAF_INVALID',
      message: expect.stringMatching(/clusterId/),
    });
  });

  it('takes a file that was only laid out anew', async () => {
    const path = bundlePath();
    await build(path);
    const file = join(leafFolder(path), 'cp-1.json');
    writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
    expect((await build(path)).result.reused).toBe(46);
  });

  it('leaves no half-written file when the disk is full', async () => {
    const path = bundlePath();
    const ports = portsAt(NOW);
    const requests = planCertificates(cluster);
    const before = await loadLeaves(path, requests, secrets, ports);
    const { leaves } = await issueCertificates(requests, secrets, { ...ports, settings: cluster.pki });
    let count = 0;
    const full: FilesPort = {
      ...ports.files,
      writeNew: async (where, contents, mode) => {
        count += 1;
        await ports.files.writeNew(where, contents.slice(0, 10), mode);
        if (count > 3) throw new Error('no space left');
      },
    };
    await expect(saveLeaves(path, before, leaves, secrets, { ...ports, files: full })).rejects.toThrow('no space');
    expect(readdirSync(leafFolder(path))).toEqual([]);
  });

  it('removes what a killed run left, also when nothing is issued', async () => {
    const path = bundlePath();
    await build(path);
    writeFileSync(join(leafFolder(path), '.cp-1.json.new'), 'PRIVATE KEY');
    expect((await build(path)).written).toEqual([]);
    expect(readdirSync(leafFolder(path)).sort()).toEqual(ALL.map((name) => `${name}.json`));
  });

  it('starts from nothing when the folder is not there', async () => {
    const path = bundlePath();
    const store = await loadLeaves(path, planCertificates(cluster), secrets, portsAt());
    expect(store).toEqual({ leaves: new Map(), unclaimed: [], unfinished: [] });
    expect(existsSync(leafFolder(path))).toBe(false);
  });

  it('gives jq users certificate and key that openssl takes', async () => {
    const path = bundlePath();
    await build(path);
    const { leaves } = JSON.parse(readFileSync(join(leafFolder(path), 'cp-1.json'), 'utf8'));
    const publicKeys = [
      execFileSync('openssl', ['x509', '-noout', '-pubkey'], { input: leaves[0].certificate, encoding: 'utf8' }),
      execFileSync('openssl', ['pkey', '-pubout'], { input: leaves[0].key, encoding: 'utf8' }),
    ];
    expect(publicKeys[0]).toBe(publicKeys[1]);
  });
});
