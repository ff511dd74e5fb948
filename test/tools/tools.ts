/** What tests use of the tool chain; `ensure.ts` puts the tools there. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { RECIPES, type Recipe } from './catalog.ts';
import { type InRootOptions, type InRootResult, runInRoot } from './in-root.ts';
import { installed, recipeFolder, recipeOf } from './lib/cache.ts';
import { ToolsError } from './lib/tools-error.ts';

export type { Bind, InRootOptions, InRootResult } from './in-root.ts';

function folderInUse(recipe: Recipe): string {
  if (installed(recipe) === undefined) {
    const suite = recipe.suites.includes('unit') ? 'unit' : recipe.name;
    throw new ToolsError(`${recipe.name} ${recipe.version} is missing; run: npx node test/tools/ensure.ts ${suite}`, 4);
  }
  return realpathSync(join(recipeFolder(recipe), 'current'));
}

/**
 * Absolute path of a tool, for instance `etcd-3.6`, `etcdctl-3.6`, `ignition-validate`, `kubelet`, `sops`.
 *
 * Its folder holds its companions under their plain names (`etcdctl` beside `etcd`), so it can go onto a PATH.
 *
 * @throws {@link ToolsError} that names the command to run when the tool has not been made yet.
 */
export function toolPath(name: string): string {
  const recipe = recipeOf(name);
  const file = recipe?.tools[name];
  if (recipe === undefined || file === undefined) {
    const known = RECIPES.flatMap((each) => Object.keys(each.tools)).join(', ');
    throw new ToolsError(`no tool is called ${name}; there are ${known}`, 2);
  }
  return join(folderInUse(recipe), file);
}

/**
 * Absolute path of the program of the minor that a version belongs to: `('kubelet', '1.35.4')`, `('etcd', '3.7.3')`.
 *
 * @throws {@link ToolsError} when no recipe makes that program of that minor, or when it has not been made yet.
 */
export function toolPathAt(program: string, version: string): string {
  const minor = minorOf(version);
  for (const recipe of RECIPES) {
    const tool = Object.keys(recipe.tools).find((each) => recipe.tools[each] === program);
    if (tool !== undefined && minorOf(recipe.version) === minor) return toolPath(tool);
  }
  throw new ToolsError(`no recipe makes ${program} ${minor}; see RECIPES in test/tools/catalog.ts`, 2);
}

/** `1.36` of `1.36.4`; versions of another form are left as they are. */
function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/**
 * Absolute path of the Debian trixie root file system. Never write below it: lay an overlay over it, or use `inRoot`.
 *
 * @throws {@link ToolsError} that names the command to run when it has not been made yet.
 */
export function oracleRoot(): string {
  return join(folderInUse(rootRecipe()), 'root');
}

/** Debian package to version, of every package in the trixie root. */
export function oraclePackages(): Readonly<Record<string, string>> {
  return installed(rootRecipe())?.packages ?? {};
}

/**
 * Runs a program of the trixie root on host folders and leaves nothing behind: no mount, process or changed file.
 *
 * The program sees the root as its own, writable until it ends. A failing program is an answer, not an exception.
 *
 * @throws {@link ToolsError} when the root is missing, or this process is not root.
 */
export async function inRoot(
  command: string,
  args: readonly string[] = [],
  options: InRootOptions = {},
): Promise<InRootResult> {
  return await runInRoot(oracleRoot(), command, args, options);
}

function rootRecipe(): Recipe {
  const recipe = RECIPES.find((each) => each.kind === 'root');
  if (recipe === undefined) throw new Error('the catalog has no root');
  return recipe;
}
