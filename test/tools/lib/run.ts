import { execa, type Options } from 'execa';
import { ToolsError } from './tools-error.ts';

/**
 * Runs a program that must succeed and returns its standard output.
 *
 * @throws {@link ToolsError} with the last lines the program wrote, when it fails or cannot be started.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: {
    /** What is being made, for the message. */
    what: string;
    cwd?: string;
    env?: Record<string, string>;
    /** Kill the program when this process is killed: for what may stop half-way, which a package installation may not. */
    diesWithUs?: boolean;
  },
): Promise<string> {
  const { what, diesWithUs = false, ...rest } = options;
  const settings: Options = { ...rest, stdin: 'ignore', reject: false, maxBuffer: 64 * 1024 * 1024 };
  const command = [...(diesWithUs ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []), program, ...args];
  const result = await execa(command[0] ?? program, command.slice(1), settings);
  if (result.failed) {
    const lines = `${result.stderr}`.trim().split('\n').slice(-12).join('\n  ');
    const how = result.exitCode === undefined ? result.shortMessage : `exit code ${result.exitCode}`;
    throw new ToolsError(`${what}: ${program} failed (${how})\n  ${lines}`, 7);
  }
  return `${result.stdout}`;
}
