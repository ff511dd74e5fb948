import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The bundled program; `npm test` makes it before the tests. */
export function builtProgram(): string {
  const path = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  if (!existsSync(path)) throw new Error('dist/cli.js is missing, and this test needs it: npm run build');
  return path;
}
