import type { Ports } from '../ports.ts';
import { VERSION } from '../version.ts';
import { commands } from './command-table.ts';
import { EXIT } from './exit-codes.ts';
import { commandHelp, groupHelp, programHelp } from './help.ts';
import type { CliIo } from './io.ts';
import { parseCommand } from './parse-command.ts';
import { reportError } from './report-error.ts';

const visible = commands.filter(({ hidden }) => hidden !== true);

/**
 * The program: runs one command line and reports its failure. The only place where errors are caught.
 *
 * @param argv - Without the program's own name.
 * @returns The exit code.
 */
export async function main(argv: readonly string[], ports: Ports, io: CliIo): Promise<number> {
  const json = wantsJson(argv);
  try {
    const parsed = parseCommand(argv, commands);
    switch (parsed.kind) {
      case 'version':
        io.stdout(`${VERSION}\n`);
        return EXIT.ok;
      case 'help':
        if (parsed.command !== null) io.stdout(commandHelp(parsed.command));
        else io.stdout(parsed.group === null ? programHelp(visible) : groupHelp(parsed.group, visible));
        return EXIT.ok;
      case 'run': {
        const { command, operands, options } = parsed;
        const run = await command.load();
        return await run({ command, operands, options, ports, io });
      }
    }
  } catch (error) {
    return reportError(error, io, json);
  }
}

/** Asked of the words themselves: a program that made a mistake in them reads the answer, too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  return (
    words.includes('--output=json') || words.some((word, index) => word === '--output' && words[index + 1] === 'json')
  );
}
