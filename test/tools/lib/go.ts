import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CSourceRecipe, GoInstallRecipe, GoModuleRecipe } from '../catalog.ts';
import { GO_FOLDER } from './cache.ts';
import { which } from './host.ts';
import { run } from './run.ts';
import { ToolsError } from './tools-error.ts';

/** The newest `go` line of the modules below `go/`. */
const GO_MINIMUM = '1.26.4';

export interface Go {
  readonly program: string;
  /** For instance `go1.26.8`. */
  readonly version: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds Go and decides the environment every build runs in.
 *
 * A module the proxy does not have must fail at once, not be looked for elsewhere: `,direct` is taken off GOPROXY.
 */
export async function findGo(): Promise<Go> {
  const hint = `put the program go, version ${GO_MINIMUM} or newer, on PATH`;
  const program = which('go', ['/usr/local/go/bin']);
  if (program === undefined) throw new ToolsError(`Go is missing: ${hint}`, 4);
  const answer = await run(program, ['env', 'GOVERSION', 'GOPROXY'], { what: 'Go', cwd: tmpdir() });
  const [version = '', proxy = ''] = answer.split('\n');
  if (version.replace(/^go/, '').localeCompare(GO_MINIMUM, 'en', { numeric: true }) < 0) {
    throw new ToolsError(`Go is too old (${version}): ${hint}`, 4);
  }
  const env = {
    GOPROXY: proxy.replace(/[,|]direct$/, ''),
    GOFLAGS: `-p=${availableParallelism()} -buildvcs=false -trimpath`,
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  };
  return { program, version, env };
}

/** Builds each package of a recipe's module into `folder`, under the recipe's own file names. */
export async function buildModule(go: Go, recipe: GoModuleRecipe, folder: string): Promise<void> {
  for (const [file, pkg] of Object.entries(recipe.packages)) {
    await run(go.program, ['build', '-ldflags', recipe.ldflags.join(' '), '-o', join(folder, file), pkg], {
      what: recipe.name,
      cwd: join(GO_FOLDER, recipe.family),
      diesWithUs: true,
      env: { ...go.env, CGO_ENABLED: recipe.cgo ? '1' : '0' },
    });
  }
  for (const [link, target] of Object.entries(recipe.links ?? {})) await symlink(target, join(folder, link));
}

/** Installs a recipe's packages at its version into `folder`. */
export async function installPackages(go: Go, recipe: GoInstallRecipe, folder: string): Promise<void> {
  for (const pkg of Object.values(recipe.packages)) {
    await run(go.program, ['install', '-ldflags', recipe.ldflags.join(' '), `${pkg}@v${recipe.version}`], {
      what: recipe.name,
      cwd: tmpdir(),
      diesWithUs: true,
      env: { ...go.env, CGO_ENABLED: '0', GOBIN: folder },
    });
  }
}

/** Compiles C sources that a Go module carries. */
export async function compileSources(go: Go, recipe: CSourceRecipe, folder: string): Promise<void> {
  const cwd = join(GO_FOLDER, recipe.family);
  const what = recipe.name;
  await run(go.program, ['mod', 'download', recipe.module], { what, cwd, env: { ...go.env } });
  const list = ['list', '-m', '-f', '{{.Dir}}', recipe.module];
  const source = (await run(go.program, list, { what, cwd, env: { ...go.env } })).trim();
  const scratch = await mkdtemp(join(tmpdir(), 'keelway-cc-'));
  try {
    for (const [file, path] of Object.entries(recipe.sources)) {
      await run('gcc', [...recipe.flags, '-o', join(folder, file), join(source, path)], { what, cwd: scratch });
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
