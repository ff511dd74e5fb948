import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from '../catalog.ts';
import { cacheFolder, installed, MANIFEST, type Manifest, recipeFolder, recipeKey } from './cache.ts';
import { buildRoot, type Packages, unpackDebs } from './debian.ts';
import { buildModule, compileSources, findGo, type Go, installPackages } from './go.ts';
import { withLock } from './lock.ts';

const PARTIAL = '.partial';

/** One thing at a time is installed from the Debian archive, and one thing at a time is compiled. */
export type Lane = 'go' | 'debian';

export function laneOf(recipe: Recipe): Lane {
  return recipe.kind === 'root' || recipe.kind === 'debs' ? 'debian' : 'go';
}

export interface Installer {
  /**
   * Makes a recipe's result unless it is there, and returns what is recorded of it.
   *
   * The result appears whole, by one rename: a run that is killed leaves only a partial folder, which the next sweeps.
   */
  install(recipe: Recipe): Promise<Manifest>;
}

/** Makes a recipe's files in an empty folder; says which Debian packages are in it, if any. */
export type Make = (recipe: Recipe, folder: string, go: () => Promise<Go>) => Promise<Packages | undefined>;

const makeForReal: Make = async (recipe, folder, go) => {
  switch (recipe.kind) {
    case 'go-module':
      await buildModule(await go(), recipe, folder);
      return undefined;
    case 'go-install':
      await installPackages(await go(), recipe, folder);
      return undefined;
    case 'c-source':
      await compileSources(await go(), recipe, folder);
      return undefined;
    case 'debs':
      return await unpackDebs(recipe, folder);
    case 'root':
      return await buildRoot(recipe, folder);
  }
};

export function createInstaller(say: (line: string) => void, make: Make = makeForReal): Installer {
  let go: Promise<Go> | undefined;
  const goOnce = () => {
    go ??= findGo();
    return go;
  };

  /** What a result depends on beside the repository; without Go, what is there already is good enough. */
  const stampOf = async (recipe: Recipe): Promise<string> => {
    if (laneOf(recipe) === 'debian') return 'debian';
    try {
      return (await goOnce()).version;
    } catch (error) {
      const present = installed(recipe);
      if (present === undefined) throw error;
      return present.stamp;
    }
  };

  const build = async (recipe: Recipe, stamp: string): Promise<void> => {
    const home = recipeFolder(recipe);
    await mkdir(home, { recursive: true });
    for (const left of (await readdir(home)).filter((name) => name.endsWith(PARTIAL))) {
      await rm(join(home, left), { recursive: true, force: true });
    }
    const partial = join(home, `.${stamp}-${process.pid}${PARTIAL}`);
    await mkdir(partial);
    say(`making ${recipe.name} ${recipe.version}, about ${recipe.minutes} min the first time`);
    const started = performance.now();
    const packages = await make(recipe, partial, goOnce);
    const seconds = Math.round((performance.now() - started) / 1000);
    const manifest: Manifest = {
      name: recipe.name,
      version: recipe.version,
      stamp,
      seconds,
      ...(packages && { packages }),
    };
    await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(join(home, stamp), { recursive: true, force: true });
    await rename(partial, join(home, stamp));
    say(`made ${recipe.name} ${recipe.version} in ${seconds} s`);
  };

  const use = async (recipe: Recipe, stamp: string): Promise<void> => {
    const link = join(recipeFolder(recipe), 'current');
    await rm(`${link}.new`, { force: true });
    await symlink(stamp, `${link}.new`);
    await rename(`${link}.new`, link);
  };

  return {
    install: async (recipe) => {
      const stamp = await stampOf(recipe);
      const isCurrent = () => {
        const manifest = installed(recipe);
        return manifest?.stamp === stamp ? manifest : undefined;
      };
      const present = isCurrent();
      if (present !== undefined) return present;
      const lock = join(cacheFolder(), 'locks', `${recipe.name}-${recipeKey(recipe)}`);
      const waiting = (holder: string) => say(`waiting for process ${holder}, which makes ${recipe.name}`);
      return await withLock(lock, waiting, async () => {
        const madeMeanwhile = isCurrent();
        if (madeMeanwhile !== undefined) return madeMeanwhile;
        if (!existsSync(join(recipeFolder(recipe), stamp, MANIFEST))) await build(recipe, stamp);
        await use(recipe, stamp);
        const made = isCurrent();
        if (made === undefined) throw new Error(`${recipe.name} was made but is not in place`);
        return made;
      });
    },
  };
}
