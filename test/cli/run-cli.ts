import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../../lib/cli/main.ts';
import { nodePorts } from '../../lib/node-ports.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  /** Unix seconds; default: now. */
  readonly nowSeconds?: number;
}

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** Runs the program in this process, with the real effects. */
export async function runCli(argv: readonly string[], options: CliOptions): Promise<CliResult> {
  const { cwd, env = {}, stdin = '', nowSeconds } = options;
  let stdout = '';
  let stderr = '';
  const ports = nodePorts();
  const clock = nowSeconds === undefined ? ports.clock : { nowSeconds: () => nowSeconds };
  const exitCode = await main(
    argv,
    { ...ports, clock },
    {
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      stdin: async () => new TextEncoder().encode(stdin),
      env,
      cwd,
      stderrIsTerminal: false,
    },
  );
  return { exitCode, stdout, stderr };
}

/** A folder of its own with an example's files; the caller removes it. */
export function copyExample(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'keelway-cli-'));
  cpSync(join(EXAMPLES, name), folder, { recursive: true });
  return folder;
}
