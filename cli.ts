#!/usr/bin/env node
// Nothing heavy is imported here: the version is printed, or an old Node refused, before any code is loaded.
import { VERSION } from './lib/version.ts';

const argv = process.argv.slice(2);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${VERSION}\n`);
} else if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`keelway needs Node.js 22.19 or newer; this is ${process.versions.node}\n`);
  process.exitCode = 4;
} else {
  const { run } = await import('./lib/cli/run.ts');
  // Not by process.exitCode: output is written by then, and Node would wait for compilers that still work for later.
  process.exit(await run(argv));
}
