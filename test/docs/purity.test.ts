import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from './document.ts';

const ROOT = fileURLToPath(REPOSITORY);

const PURE = [
  'lib/spec/zz.ts',
  'lib/spec/rules/zz.ts',
  'lib/model/zz.ts',
  'lib/components/zz.ts',
  'lib/plan/zz.ts',
  'lib/render/zz.ts',
  'lib/format/zz.ts',
  'lib/pki/certificates.ts',
  'lib/pki/kubeconfig.ts',
  'lib/output/render-machine.ts',
  'lib/output/plan-document.ts',
  'images/archive/zz.ts',
  'images/iso/zz.ts',
];

const EFFECTS = [
  'export const value: unknown = Date.now();\n',
  'export const value: unknown = new Date();\n',
  'export const value: unknown = process.cwd();\n',
  'export const value: unknown = Math.random();\n',
  "export const value: unknown = Math['random']();\n",
  'export const value: unknown = globalThis.Date;\n',
  "export const value: unknown = Buffer.from('');\n",
  "export const value: unknown = fetch('https://example.com');\n",
  'export const value: unknown = performance.now();\n',
  'export const value: unknown = crypto.randomUUID();\n',
  'export const value: unknown = import.meta.dirname;\n',
  "import { readFileSync } from 'fs';\n\nexport const value: unknown = readFileSync('x');\n",
  "import { readFileSync } from 'node:fs';\n\nexport const value: unknown = readFileSync('x');\n",
  "export const value: unknown = await import('node:fs');\n",
  "import { nodePorts } from '../node-ports.ts';\n\nexport const value: unknown = nodePorts();\n",
];

const HARMLESS = 'export const value: number = Math.max(1, 2);\n';

/** Where each text lies: every effect in one folder, and the two that every list could forget in all of them. */
const files = new Map<string, string>([
  ...EFFECTS.map((text, index): [string, string] => [`lib/render/effect-${index}.ts`, text]),
  ...PURE.map((path): [string, string] => [
    path,
    (EFFECTS[0] as string) + (EFFECTS[3] as string).replace('value', 'other'),
  ]),
  ...PURE.map((path): [string, string] => [path.replace(/[^/]+$/, 'harmless/zz.ts'), HARMLESS]),
]);

/** What Biome says, under this repository's rules, about files that lie where they must not be. */
let findings: readonly string[];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelway-purity-'));
  const settings = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...settings, vcs: { enabled: false } }));
  cpSync(join(ROOT, 'scripts/lint'), join(folder, 'scripts/lint'), { recursive: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const options = ['lint', '--reporter=github', '--max-diagnostics=none', '--diagnostic-level=error'];
  const { stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/biome'), options, {
    cwd: folder,
    encoding: 'utf8',
  });
  findings = stdout.split('\n').filter((line) => line.startsWith('::error'));
  expect(findings.length, stderr).toBeGreaterThan(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const findingsAt = (path: string): string[] => findings.filter((line) => line.includes(`/${path},`));

describe('Biome', () => {
  it.each(EFFECTS)('lets no effect into a pure folder: %j', (text) => {
    const path = `lib/render/effect-${EFFECTS.indexOf(text)}.ts`;
    expect(findingsAt(path).join('\n')).toMatch(/noRestricted|useNodejsImportProtocol|title=plugin/);
  });

  it.each(PURE)('watches %s', (path) => {
    expect(findingsAt(path)).toHaveLength(2);
  });

  it('minds nothing else', () => {
    expect(findings.filter((line) => line.includes('/harmless/'))).toEqual([]);
  });

  it('watches every module that has the name of a pure one', () => {
    const { overrides } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as {
      overrides: { includes: string[] }[];
    };
    const watched = overrides[0]?.includes ?? [];
    const isWatched = (name: string) =>
      watched.some((each) => each === name || (each.endsWith('/**') && name.startsWith(each.slice(0, -2))));
    const modules = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
      .map((name) => `lib/${name}`)
      .filter((name) => /\/(?:parse|resolve|plan|render|format)-[a-z-]+\.ts$/.test(name));
    // Commands read and issue before they plan.
    expect(modules.filter((name) => !isWatched(name))).toEqual(['lib/build/plan-build.ts']);
  });
});
