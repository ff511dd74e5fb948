import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toYaml, type YamlValue } from '../../../lib/render/yaml.ts';
import { inRoot } from '../../tools/tools.ts';

/** What the readers' rules are full of: words, numbers, times, indicators, blanks, breaks. */
const tricky = fc.constantFrom(
  ...[
    'y',
    'No',
    'ON',
    'true',
    'null',
    '~',
    '',
    ' ',
    '.',
    '._',
    '_1',
    '1_000',
    '0o17',
    '017',
    '0x1f',
    '1e3',
    '.5',
    '.inf',
  ],
  ...[
    '52:54:00:12:34:56',
    '1:30',
    '2026-11-25',
    '=',
    '<<',
    '- a',
    'a: b',
    'a #b',
    '#a',
    '%a',
    '@a',
    '`a',
    '*a',
    '&a',
    '!a',
  ],
  ...[
    '{a',
    '[a',
    '|',
    '>',
    '"',
    "'",
    '\\',
    '\t',
    'a\t',
    ' a',
    'a ',
    'a\n',
    '\na',
    'a\n\nb',
    'a\n\n\n\nb\n\n',
    ' a\nb',
    'a\n b\n',
  ],
  ...['a\r\nb', '\u0085', '\u2028a', '\ufeffa', '\u{1f511}', '\u0007', 'a\n\u0007', 'é\nü', 'a: |\n  b\n    c\n  \n'],
);
const text = fc.oneof(
  tricky,
  fc.string({ unit: 'binary' }),
  fc.array(tricky).map((parts) => parts.join('')),
);
const { value } = fc.letrec<{ value: YamlValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

/** PyYAML has no number -0, and JavaScript no key __proto__ in a literal. */
function isFair(candidate: unknown): boolean {
  return !JSON.stringify(candidate).includes('__proto__');
}

describe('toYaml', () => {
  it('is read back equal by a YAML 1.2 reader', () => {
    fc.assert(
      fc.property(value.filter(isFair), (data) => {
        expect(parse(toYaml(data), { version: '1.2' })).toEqual(data);
      }),
      { numRuns: 3000 },
    );
  });

  it('is read back equal by PyYAML, a YAML 1.1 reader', async () => {
    const data = fc.sample(value.filter(isFair), { numRuns: 3000, seed: 20261125 });
    const script = 'import json,sys,yaml; print(json.dumps([yaml.safe_load(t) for t in json.load(sys.stdin)]))';
    const input = JSON.stringify(data.map((each) => toYaml(each)));
    const { stdout, stderr } = await inRoot('python3', ['-c', script], { input });
    expect(stderr).toBe('');
    const read = JSON.parse(stdout) as unknown[];
    for (const [index, each] of data.entries()) expect(read[index]).toEqual(JSON.parse(JSON.stringify(each)));
  });

  it('writes what a person would', () => {
    const document = {
      name: 'cp-1',
      mac: '52:54:00:0a:00:0b',
      list: [{ a: 1, b: [] }, 'x y'],
      script: 'set -eu\n\necho\n',
      gone: undefined,
    };
    expect(toYaml(document)).toBe(
      [
        'name: cp-1',
        'mac: "52:54:00:0a:00:0b"',
        'list:',
        '- a: 1',
        '  b: []',
        '- x y',
        'script: |',
        '  set -eu',
        '',
        '  echo',
        '',
      ].join('\n'),
    );
  });
});
