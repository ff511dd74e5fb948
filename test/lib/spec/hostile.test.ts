import { describe, expect, it } from 'vitest';
import { parseClusterSpec } from '../../../lib/spec/parse.ts';

const MEBIBYTE = 2 ** 20 - 64;
const fill = (text: string): string => text.repeat(Math.floor(MEBIBYTE / text.length));
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** Texts that make parsers slow, deep or large. */
const texts: Readonly<Record<string, string>> = {
  'open brackets': fill('['),
  'open braces': fill('{a: '),
  'closing brackets': fill(']'),
  'nested lists': fill('- '),
  'nested keys': fill('? '),
  'nested mappings': lines(1400, (index) => `${' '.repeat(index)}a:`),
  'an open quote': `"${fill('a')}`,
  quotes: fill('"'),
  anchors: fill('&a '),
  aliases: fill('*a '),
  'empty aliases': fill('*\n'),
  tags: fill('!a '),
  'block scalars': fill('|\n'),
  'many keys': lines(90_000, (index) => `k${index}: 1`),
  'one key many times': fill('a: 1\n'),
  'empty keys': fill('a:\n'),
  'many commas': `[${fill(',')}]`,
  'a long list': fill('- a\n'),
  'many machines': `spec:\n  machines:\n${fill('  - {x: 1}\n')}`,
  'empty machines': `spec:\n  machines:\n${fill('  -\n')}`,
  'bad labels': `spec:\n  machineDefaults:\n    labels:\n${lines(60_000, (index) => `      -K${index}!: 1`)}`,
  'blank lines': fill('\n'),
  'blank CRLF lines': fill('\r\n'),
  comments: fill('#\n'),
  'comments below a key': `a:\n${fill('  # c\n')}`,
  documents: fill('---\n'),
  'a long plain text': fill('a '),
  'a long folded text': `>\n${fill(' a\n')}`,
  'a long number': `spec: {network: {mtu: ${'9'.repeat(500_000)}}}`,
  'a URL of colons': `spec: {gitops: {repository: "https://${'a:'.repeat(400_000)}", path: a}}`,
  'a shorter URL of colons': `spec: {gitops: {repository: "https://${'a:'.repeat(4000)}", path: ${'a/'.repeat(4000)}}}`,
  'an SSH key without end': `spec: {access: {sshAuthorizedKeys: ["ssh-ed25519 ${'A'.repeat(8000)}"]}}`,
  'a line of secrets': fill('token: '),
  'a billion laughs': [
    'a0: &a0 [x, x, x, x, x, x, x, x, x]',
    ...Array.from(
      { length: 9 },
      (_, index) => `a${index + 1}: &a${index + 1} [${Array(9).fill(`*a${index}`).join(', ')}]`,
    ),
  ].join('\n'),
};

describe('hostile cluster files', () => {
  for (const [name, text] of Object.entries(texts)) {
    // The worst case of some lies just below a bound: shorter ones are tried as well.
    it(`${name}: clear findings, bounded time and output`, { timeout: 60_000 }, () => {
      for (const part of [1, 3, 8]) {
        const before = process.cpuUsage();
        const { spec, issues } = parseClusterSpec(text.slice(0, text.length / part));
        const { user, system } = process.cpuUsage(before);
        expect(spec).toBeNull();
        expect(issues.length).toBeGreaterThan(0);
        expect(issues.length).toBeLessThanOrEqual(201);
        expect(issues.every((issue) => issue.severity === 'error' || issue.position !== undefined)).toBe(true);
        expect(JSON.stringify(issues).length).toBeLessThan(200_000);
        // CPU time, because the machine is shared; twice the second that a person would wait.
        expect((user + system) / 1000).toBeLessThan(2000);
      }
    });
  }

  it('refuses 50 MB before looking at them', () => {
    const before = process.cpuUsage();
    const { issues } = parseClusterSpec(new Uint8Array(50_000_000).fill(0x61));
    expect(issues.map(({ code }) => code)).toEqual(['SPEC_TOO_LARGE']);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(50);
  });

  it.each([
    ['zero bytes', new Uint8Array(100)],
    ['an ELF program', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0])],
    ['bytes that are not UTF-8', new Uint8Array([0x61, 0x3a, 0x20, 0xff, 0xc0])],
    ['UTF-16 with its mark', new Uint8Array([0xff, 0xfe, 0x61, 0x00])],
    ['UTF-16, big end first', new Uint8Array([0xfe, 0xff, 0x00, 0x61])],
  ])('refuses %s', (_, bytes) => {
    expect(parseClusterSpec(bytes).issues.map(({ code }) => code)).toEqual(['SPEC_ENCODING']);
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n\t\n'],
    ['a comment', '# nothing\n'],
    ['a document marker', '---\n'],
    ['an explicit nothing', '~\n'],
  ])('says that %s is no cluster', (_, text) => {
    const codes = parseClusterSpec(text).issues.map(({ code }) => code);
    expect(['SPEC_EMPTY', 'SPEC_FIELD_EMPTY']).toContain(codes[0]);
  });

  it('cannot be made to pollute prototypes', () => {
    const text =
      'metadata: {__proto__: {polluted: 1}, constructor: {prototype: {polluted: 1}}}\n__proto__: {polluted: 1}\n';
    const { issues } = parseClusterSpec(text);
    expect(issues.filter(({ code }) => code === 'SPEC_KEY_FORBIDDEN')).toHaveLength(3);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('reads values as YAML 1.2 whatever a directive says', () => {
    const codes = parseClusterSpec('%YAML 1.1\n---\nkind: Cluster\n').issues.map(({ code }) => code);
    expect(codes).toEqual(['SPEC_YAML_TAG']);
  });

  it('stops counting somewhere', () => {
    const { issues } = parseClusterSpec(`spec:\n  machines:\n${'    - {address: 1, mac: 2}\n'.repeat(500)}`);
    expect(issues).toHaveLength(201);
    expect(issues.at(-1)?.code).toBe('SPEC_MORE');
  });
});
