import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HOST_NEEDS, RECIPES, type Recipe, SUITES, type Suite } from './catalog.ts';
import { cacheFolder, type Manifest, recipeFolder, recipeOf } from './lib/cache.ts';
import { ensureHost } from './lib/host.ts';
import { createInstaller, laneOf } from './lib/install.ts';
import { ToolsError } from './lib/tools-error.ts';

const USAGE = `usage: npx node test/tools/ensure.ts [SUITE|RECIPE|TOOL...]

Makes the real programs the tests run, as far as they are not in the cache, and prints their versions and places.
  suites   ${SUITES.join(', ')}, all (default: unit)
  recipes  ${RECIPES.map((recipe) => recipe.name).join(', ')}
  cache    $KEELWAY_TOOLS, here ${cacheFolder()}
`;

/** Recipes meant by suite, recipe and tool names, each once, in the catalog's order. */
export function chooseRecipes(names: readonly string[]): Recipe[] {
  const chosen = new Set<Recipe>();
  for (const name of names.length === 0 ? ['unit'] : names) {
    const bySuite = RECIPES.filter((recipe) => name === 'all' || recipe.suites.includes(name as Suite));
    const byName = RECIPES.find((recipe) => recipe.name === name) ?? recipeOf(name);
    if (bySuite.length === 0 && byName === undefined) {
      throw new ToolsError(`${name} is no suite, recipe or tool; see npx node test/tools/ensure.ts --help`, 2);
    }
    for (const recipe of byName === undefined ? bySuite : [byName]) chosen.add(recipe);
  }
  return RECIPES.filter((recipe) => chosen.has(recipe));
}

/**
 * Makes what is missing, compiling and installing from Debian side by side.
 *
 * A recipe that fails does not stop the others.
 */
export async function ensureRecipes(
  recipes: readonly Recipe[],
  say: (line: string) => void,
): Promise<{ made: Manifest[]; failures: unknown[] }> {
  await ensureHost(HOST_NEEDS, say);
  const installer = createInstaller(say);
  const results = new Map<Recipe, Manifest>();
  const failures: unknown[] = [];
  const work = async (lane: readonly Recipe[]) => {
    for (const recipe of lane) {
      try {
        results.set(recipe, await installer.install(recipe));
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const lanes = Map.groupBy(recipes, laneOf).values();
  await Promise.all([...lanes].map(work));
  return { made: recipes.flatMap((recipe) => results.get(recipe) ?? []), failures };
}

/** Ours and the system's errors say what is wrong; any other is a fault of this program and shows where. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof ToolsError || 'code' in error ? error.message : (error.stack ?? error.message);
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const recipes = chooseRecipes(positionals);
  setPriority(19);
  const { made, failures } = await ensureRecipes(recipes, (line) => process.stderr.write(`tools: ${line}\n`));
  for (const manifest of made) {
    const recipe = recipes.find((candidate) => candidate.name === manifest.name);
    const place = recipe === undefined ? '' : join(recipeFolder(recipe), manifest.stamp);
    process.stdout.write(`${manifest.name.padEnd(18)} ${manifest.version.padEnd(8)} ${place}\n`);
  }
  const messages = new Set(failures.map(describe));
  for (const message of messages) process.stderr.write(`tools: ${message}\n`);
  return failures.length === 0
    ? 0
    : Math.max(...failures.map((error) => (error instanceof ToolsError ? error.exitCode : 1)));
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`tools: ${describe(error)}\n`);
    return error instanceof ToolsError ? error.exitCode : 2;
  });
}
