import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { requireLockedPrograms } from '../../../lib/model/locked-programs.ts';
import { parseAssetLock } from '../../../lib/spec/asset-lock.ts';
import { exampleCluster } from '../../support/clusters.ts';
import { summaryOf } from '../../support/findings.ts';

const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const lock = (assets: string): string => `apiVersion: keelway.dev/v1alpha1\nkind: AssetLock\nassets:\n${assets}`;
const kubelet = `  - {name: kubelet, version: 1.36.4, url: "https://dl.example.com/kubelet", sha256: ${DIGEST}}\n`;
const codesOf = (text: string): readonly string[] => parseAssetLock(text).issues.map(summaryOf);

describe('parseAssetLock', () => {
  it('fills the defaults', () => {
    expect(parseAssetLock(lock(kubelet)).assets).toEqual([
      {
        name: 'kubelet',
        version: '1.36.4',
        architecture: 'amd64',
        url: 'https://dl.example.com/kubelet',
        sha256: DIGEST,
        kind: 'binary',
        members: [],
      },
    ]);
  });

  it('reads the lock of examples/mixed, which has every program that its machines need', () => {
    const file = new URL('../../../examples/mixed/assets.lock.yaml', import.meta.url);
    const { assets, issues } = parseAssetLock(readFileSync(file));
    expect(issues).toEqual([]);
    expect(() => requireLockedPrograms(exampleCluster('mixed'), { files: {}, assets: assets ?? [] })).not.toThrow();
  });

  it('takes images with and without a digest in the reference', () => {
    const image = (url: string): string =>
      lock(`  - {name: haproxy, version: 3.2.0, kind: oci, sha256: ${DIGEST}, url: "${url}"}\n`);
    expect(codesOf(image('docker.io/library/haproxy:3.2.0'))).toEqual([]);
    expect(codesOf(image(`10.0.0.1:5000/haproxy@sha256:${DIGEST}`))).toEqual([]);
    expect(codesOf(image(`10.0.0.1:5000/haproxy@sha256:${'0'.repeat(64)}`))).toEqual(['LOCK_INVALID assets[0] 4:5']);
    expect(codesOf(image('https://docker.io/library/haproxy:3.2.0'))).toEqual(['LOCK_INVALID assets[0] 4:5']);
  });

  it.each([
    ['a missing digest', kubelet.replace(/, sha256: .*\}/, '}'), 'SPEC_FIELD_MISSING assets[0].sha256 4:5'],
    ['a short digest', kubelet.replace(DIGEST, DIGEST.slice(1)), 'LOCK_INVALID assets[0].sha256 4:85'],
    ['a digest in upper case', kubelet.replace(DIGEST, DIGEST.toUpperCase()), 'LOCK_INVALID assets[0].sha256 4:85'],
    ['a version with v', kubelet.replace('1.36.4', 'v1.36.4'), 'LOCK_INVALID assets[0].version 4:30'],
    ['a name that is a path', kubelet.replace('name: kubelet', 'name: ../kubelet'), 'LOCK_INVALID assets[0].name 4:12'],
    ['another scheme', kubelet.replace('https:', 'ftp:'), 'SPEC_URL_INVALID assets[0] 4:5'],
    ['credentials', kubelet.replace('dl.', 'me:secret@dl.'), 'SPEC_URL_SECRET assets[0] 4:5'],
    ['an archive without members', kubelet.replace('}', ', kind: tar.gz}'), 'LOCK_INVALID assets[0] 4:5'],
    ['a binary with members', kubelet.replace('}', ', members: [kubelet]}'), 'LOCK_INVALID assets[0] 4:5'],
    [
      'a member outside',
      kubelet.replace('}', ', kind: tar.gz, members: [../kubelet]}'),
      'LOCK_INVALID assets[0].members[0] 4:175',
    ],
    ['an unknown field', kubelet.replace('}', ', arch: amd64}'), 'SPEC_FIELD_UNKNOWN assets[0].arch 4:151'],
    ['an entry that stands twice', kubelet + kubelet, 'LOCK_DUPLICATE assets[1].name 5:12'],
  ])('refuses %s', (_, assets, expected) => {
    expect(codesOf(lock(assets))).toEqual([expected]);
  });

  it('does not repeat credentials', () => {
    const { issues } = parseAssetLock(lock(kubelet.replace('dl.', 'me:secret@dl.')));
    expect(JSON.stringify(issues)).not.toContain('secret@');
  });

  it('bounds hostile input as the cluster file does', () => {
    expect(codesOf('['.repeat(100_000))[0]).toMatch(/^SPEC_YAML_DEPTH/);
    expect(codesOf(' '.repeat(2 ** 21))[0]).toMatch(/^SPEC_TOO_LARGE/);
  });
});
