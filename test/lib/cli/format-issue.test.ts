import { describe, expect, it } from 'vitest';
import { formatIssue } from '../../../lib/cli/format-issue.ts';
import type { CliIo } from '../../../lib/cli/io.ts';
import { noStyle, styleOf } from '../../../lib/cli/style.ts';
import type { Issue } from '../../../lib/issue.ts';

const issue: Issue = {
  severity: 'error',
  code: 'SPEC_ADDRESS_INVALID',
  path: ['spec', 'machines', 0, 'address'],
  message: '10.0.0.311 is not an IPv4 address',
  hint: 'write four numbers from 0 to 255',
};

describe('formatIssue', () => {
  it('shows the line with a caret and the fix', () => {
    const position = { file: 'cluster.yaml', line: 14, column: 14, excerpt: '    address: 10.0.0.311' };
    expect(formatIssue({ ...issue, position }, noStyle)).toBe(
      [
        'error[SPEC_ADDRESS_INVALID] spec.machines[0].address: 10.0.0.311 is not an IPv4 address',
        '  --> cluster.yaml:14:14',
        '   |',
        '14|     address: 10.0.0.311',
        '   |              ^ write four numbers from 0 to 255',
        '',
      ].join('\n'),
    );
  });

  it('puts the caret under a shortened excerpt', () => {
    const position = { file: 'c.yaml', line: 1, column: 95, excerpt: '...abc...', excerptColumn: 4 };
    expect(formatIssue({ ...issue, position }, noStyle)).toContain('1| ...abc...\n  |    ^ write');
  });

  it('needs no position', () => {
    expect(formatIssue({ ...issue, path: [] }, noStyle)).toBe(
      'error[SPEC_ADDRESS_INVALID] 10.0.0.311 is not an IPv4 address\n  write four numbers from 0 to 255\n',
    );
  });
});

describe('styleOf', () => {
  const io = (env: CliIo['env'], stderrIsTerminal = true): CliIo => ({
    stdout: () => undefined,
    stderr: () => undefined,
    stdin: async () => new Uint8Array(),
    env,
    cwd: '/',
    stderrIsTerminal,
  });

  it('colours for a person only, and not against their wish', () => {
    expect(styleOf(io({})).red('x')).not.toBe('x');
    expect(styleOf(io({ NO_COLOR: '1' })).red('x')).toBe('x');
    expect(styleOf(io({ NO_COLOR: '' })).red('x')).not.toBe('x');
    expect(styleOf(io({}, false)).red('x')).toBe('x');
  });
});
