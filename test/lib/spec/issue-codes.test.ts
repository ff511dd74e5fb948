import { globSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkSupport } from '../../../lib/build/check-support.ts';
import { upgradeFindings } from '../../../lib/build/check-upgrade.ts';
import { exitCodeOf } from '../../../lib/cli/exit-codes.ts';
import { bgpPassword } from '../../../lib/components/bgp-password.ts';
import type { ErrorCode, KeelwayError } from '../../../lib/errors.ts';
import { parseAssetLock } from '../../../lib/spec/asset-lock.ts';
import { errorCodes, isUnsupportedCode, severityOf, warningCodes } from '../../../lib/spec/issue-codes.ts';
import { withFindingCodes } from '../../../scripts/write-references.ts';
import { findingsOf } from '../../support/findings.ts';

const root = new URL('../../../', import.meta.url);
const document = readFileSync(new URL('docs/errors.md', root), 'utf8');
const folder = new URL('test/fixtures/bad-clusters/', root);

const VERSIONS = { kubernetes: '1.37.1', etcd: '3.6.16', kubeVip: '1.2.4', pause: '3.10.2' };

/** Codes of findings that no file of text can show. */
function otherCodes(): readonly string[] {
  const lock = 'apiVersion: keelway.dev/v1alpha1\nkind: AssetLock\nassets:\n';
  const entry = `  - {name: runc, version: 1.4.3, url: "https://a.example.com/runc", sha256: ${'a'.repeat(64)}}\n`;
  const codes = [
    ...findingsOf(new Uint8Array(2 ** 21)),
    ...findingsOf(new Uint8Array([0])),
    ...findingsOf('['.repeat(200)),
    ...findingsOf(`spec:\n  machines:\n${'    - {address: 1}\n'.repeat(300)}`),
    ...parseAssetLock(lock + entry.replace('1.4.3', 'latest')).issues,
    ...parseAssetLock(lock + entry + entry).issues,
    ...checkSupport('1.35.6', Date.UTC(2027, 0, 1) / 1000),
    ...upgradeFindings({ kubernetes: '1.35.6', etcd: '3.7.1' }, VERSIONS, 'build/x'),
  ].map(({ code }) => code);
  try {
    bgpPassword({ files: { p: 'a:b' }, assets: [] }, 'p', []);
  } catch (error) {
    codes.push(...(error as KeelwayError).issues.map(({ code }) => code));
  }
  return codes;
}

describe('finding codes', () => {
  it('are all produced by some input', () => {
    const files = readdirSync(folder).flatMap((name) => findingsOf(readFileSync(new URL(name, folder))));
    const produced = new Set([...files.map(({ code }) => code), ...otherCodes()]);
    const known = [...Object.keys(errorCodes), ...Object.keys(warningCodes)];
    expect(known.filter((code) => !produced.has(code))).toEqual([]);
    expect([...produced].filter((code) => !known.includes(code))).toEqual([]);
  });

  it('have one severity each', () => {
    expect(Object.keys(errorCodes).filter((code) => code in warningCodes)).toEqual([]);
    expect(severityOf('ETCD_FAULT_TOLERANCE')).toBe('error');
    expect(severityOf('ETCD_NO_FAULT_TOLERANCE')).toBe('warning');
  });

  it('tell what is unsupported from what is wrong', () => {
    expect(isUnsupportedCode('VERSION_UNSUPPORTED')).toBe(true);
    expect(isUnsupportedCode('SPEC_VERSION_INVALID')).toBe(false);
  });
});

describe('docs/errors.md', () => {
  it('holds every finding: npx node scripts/write-references.ts', () => {
    expect(document).toBe(withFindingCodes(document));
  });

  const union = /export type ErrorCode =([^;]+);/.exec(readFileSync(new URL('lib/errors.ts', root), 'utf8'))?.[1] ?? '';
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code as ErrorCode);

  it.each(codes)('explains %s and its exit code', (code) => {
    const row = document.split('\n').find((line) => line.startsWith(`| \`${code}\` |`)) ?? `${code} is not there`;
    expect(row.split(' | ')[1]).toBe(String(exitCodeOf(code)));
  });

  it('leaves out no code that stands anywhere in the sources', () => {
    const sources = globSync(['lib/**/*.ts', 'images/**/*.ts'], { cwd: root });
    const used = sources.flatMap((name) => [
      ...readFileSync(new URL(name, root), 'utf8').matchAll(
        /(?:\bcode: |\bfinding\(\s*|\bcode = )'([A-Z][A-Z0-9_]+)'/g,
      ),
    ]);
    const missing = used.map(([, code]) => code ?? '').filter((code) => !document.includes(`\`${code}\``));
    expect([...new Set(missing)]).toEqual([]);
  });
});
