import { describe, expect, it } from 'vitest';
import { commands } from '../../../lib/cli/command-table.ts';
import { commandHelp, groupHelp, programHelp } from '../../../lib/cli/help.ts';
import { parseCommand } from '../../../lib/cli/parse-command.ts';

function run(...argv: string[]): unknown {
  const parsed = parseCommand(argv, commands);
  return parsed.kind === 'run' ? [parsed.command.name, parsed.operands, parsed.options] : parsed.kind;
}

describe('parseCommand', () => {
  it.each<[string[], unknown]>([
    [
      ['build', 'ha.yaml', '-o', 'out', '--strict'],
      ['build', ['ha.yaml'], { out: 'out', strict: true }],
    ],
    [
      ['build', '--out=out', '-'],
      ['build', ['-'], { out: 'out' }],
    ],
    [
      ['build', '--', '--strict'],
      ['build', ['--strict'], {}],
    ],
    [
      ['secrets', 'create', 'ha.yaml'],
      ['secrets create', ['ha.yaml'], {}],
    ],
    [
      ['render', 'cp-1', '/etc/hosts', '--show-secrets'],
      ['render', ['cp-1', '/etc/hosts'], { 'show-secrets': true }],
    ],
    [[], 'help'],
    [['help'], 'help'],
    [['help', 'build'], 'help'],
    [['help', 'secrets', 'create'], 'help'],
    [['build', '--strict', '--help'], 'help'],
    [['secrets'], 'help'],
    [['--version'], 'version'],
  ])('reads %j', (argv, expected) => {
    expect(run(...argv)).toEqual(expected);
  });

  it.each<[string[], string, string]>([
    [['buidl'], 'there is no command "buidl"', 'did you mean keelway build?'],
    [['xyzzy'], 'there is no command "xyzzy"', 'run keelway --help for the commands'],
    [['secrets', 'creat'], 'secrets has no command "creat"', 'did you mean keelway secrets create?'],
    [['secrets', 'xyzzy'], 'secrets has no command "xyzzy"', 'secrets has secrets create, secrets show'],
    [['build', '--strcit'], 'keelway build has no option --strcit', 'did you mean --strict?'],
    [['build', '-x'], 'keelway build has no option -x', 'run keelway build --help for the options'],
    [['build', '--__proto__'], 'keelway build has no option --__proto__', 'run keelway build --help for the options'],
    [['--verison'], 'keelway has no option --verison', 'did you mean --version?'],
    [['build', '--strict=yes'], '--strict takes no value', 'run keelway build --help'],
    [['build', '--out'], '--out needs a value: DIR', 'The output folder (default: build/<cluster name>)'],
    [['build', '--output', 'xml'], '--output cannot be "xml"', 'write text or json'],
    [
      ['render'],
      'keelway render needs machine: Name of a machine of the cluster file',
      'keelway render <machine> [path] [options]',
    ],
    [['build', 'a', 'b'], 'keelway build does not take "b"', 'keelway build [cluster.yaml] [options]'],
  ])('refuses %j', (argv, message, hint) => {
    expect(() => run(...argv)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID', message, hint }));
  });
});

describe('help', () => {
  const texts = [programHelp(commands), groupHelp('secrets', commands), ...commands.map(commandHelp)];

  it('fits into 80 columns', () => {
    for (const line of texts.join('\n').split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('names every command and every option', () => {
    for (const command of commands) {
      expect(texts[0]).toContain(`  ${command.name} `);
      for (const option of Object.keys(command.options)) expect(commandHelp(command)).toContain(`--${option}`);
    }
  });
});
