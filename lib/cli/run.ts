import * as fs from 'node:fs';
import { nodePorts } from '../node-ports.ts';
import { EXIT } from './exit-codes.ts';
import type { CliIo } from './io.ts';
import { main } from './main.ts';

/** Standard input is a cluster file; the parser refuses more than this. */
const STDIN_LIMIT_BYTES = 2 * 1024 * 1024;

/** Runs {@link main} with this process's streams, environment and folder. */
export async function run(argv: readonly string[]): Promise<number> {
  const io: CliIo = {
    stdout: (text) => writeAll(1, text),
    stderr: (text) => writeAll(2, text),
    stdin: readStdin,
    env: process.env,
    cwd: process.cwd(),
    stderrIsTerminal: isTerminal(2),
  };
  return await main(argv, nodePorts(), io);
}

/** Not process.stdout and its like: making those streams costs half of a bare start. */
function writeAll(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(descriptor, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A reader that is slow, at the other end of a pipe that somebody made non-blocking.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      // A reader that has seen enough: `keelway schema | head`.
      else process.exit(code === 'EPIPE' ? EXIT.ok : EXIT.localIo);
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
