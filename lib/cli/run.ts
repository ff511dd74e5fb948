import * as fs from 'node:fs';
import { codeOf, reasonOf } from '../file-errors.ts';
import { nodePorts } from '../node-ports.ts';
import { errorLabel } from './colour.ts';
import { EXIT } from './exit-codes.ts';
import type { CliIo } from './io.ts';
import { main } from './main.ts';

/** Standard input is a cluster file; the parser refuses more than this. */
const STDIN_LIMIT_BYTES = 2 * 1024 * 1024;

/** Runs {@link main} with this process's streams, environment and folder. */
export async function run(argv: readonly string[]): Promise<number> {
  let failure: unknown = null;
  const stdout = streamWriter(1, (error) => {
    failure = error;
  });
  const io: CliIo = {
    stdout,
    // Nobody could be told that this one fails.
    stderr: streamWriter(2, () => undefined),
    stdin: readStdin,
    env: process.env,
    cwd: process.cwd(),
    stderrIsTerminal: isTerminal(2),
  };
  const exitCode = await main(argv, nodePorts(), io);
  if (failure === null) return exitCode;
  io.stderr(`${errorLabel('OUTPUT_UNWRITABLE', io)} cannot write standard output: ${reasonOf(failure)}\n`);
  return exitCode === EXIT.ok ? EXIT.localIo : exitCode;
}

/**
 * Writes to a descriptor until that fails, and drops what comes after: a command must not end half-way because nobody
 * listens any more.
 *
 * Not process.stdout and its like: making those streams costs half of a bare start.
 *
 * @param onFailure - Told once, unless it is only a reader that has seen enough: `keelway schema | head`.
 */
function streamWriter(descriptor: number, onFailure: (error: unknown) => void): (text: string) => void {
  let broken = false;
  return (text) => {
    if (broken) return;
    try {
      writeAll(descriptor, text);
    } catch (error) {
      broken = true;
      if (codeOf(error) !== 'EPIPE') onFailure(error);
    }
  };
}

function writeAll(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(descriptor, rest));
    } catch (error) {
      // A reader that is slow, at the other end of a pipe that somebody made non-blocking.
      if (codeOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function isTerminal(descriptor: number): boolean {
  try {
    return fs.fstatSync(descriptor).isCharacterDevice();
  } catch {
    return false;
  }
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > STDIN_LIMIT_BYTES) break;
  }
  return Buffer.concat(chunks);
}
