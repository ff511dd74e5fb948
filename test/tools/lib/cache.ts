import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RECIPES, type Recipe } from '../catalog.ts';

/** What is recorded beside the finished files of a recipe. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** The tool that made it, for instance `go1.26.8`. */
  readonly stamp: string;
  readonly seconds: number;
  /** For roots and unpacked packages: Debian package to version. */
  readonly packages?: Readonly<Record<string, string>>;
}

export const MANIFEST = '.keelway.json';

/** The folder of the Go modules that pin the tools. */
export const GO_FOLDER: string = join(dirname(fileURLToPath(import.meta.url)), '..', 'go');

/** The tools' cache: `$KEELWAY_TOOLS`, else `keelway/tools` in the user's cache folder. */
export function cacheFolder(): string {
  return process.env.KEELWAY_TOOLS || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keelway', 'tools');
}

const keys = new WeakMap<Recipe, string>();

/**
 * Hash of everything in the repository that decides a recipe's result: the recipe itself and its module's pins.
 *
 * The Go version is not part of it; it names the folder below, so that tests find a tool without asking Go.
 */
export function recipeKey(recipe: Recipe): string {
  let key = keys.get(recipe);
  if (key === undefined) {
    const { suites: _suites, minutes: _minutes, ...decisive } = recipe;
    const hash = createHash('sha256').update(JSON.stringify([decisive, process.arch]));
    if ('family' in recipe) {
      for (const file of ['go.mod', 'go.sum', 'main.go']) {
        const path = join(GO_FOLDER, recipe.family, file);
        hash.update(`\0${file}\0`).update(existsSync(path) ? readFileSync(path) : '');
      }
    }
    key = hash.digest('hex').slice(0, 16);
    keys.set(recipe, key);
  }
  return key;
}

/** Folder that holds a recipe's finished results, one per stamp, and the link `current` to the one in use. */
export function recipeFolder(recipe: Recipe): string {
  return join(cacheFolder(), recipe.name, recipeKey(recipe));
}

/** What is recorded of a recipe's result in use; undefined when it has not been made yet. */
export function installed(recipe: Recipe): Manifest | undefined {
  const path = join(recipeFolder(recipe), 'current', MANIFEST);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Manifest) : undefined;
}

/** The recipe that makes a tool; undefined for an unknown name. */
export function recipeOf(tool: string): Recipe | undefined {
  return RECIPES.find((recipe) => tool in recipe.tools);
}
