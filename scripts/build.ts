import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/** Commands that share most of their code are one file; each file has all it needs, because every further one costs. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  build: ['build', 'plan', 'render'],
  secrets: ['secrets-create', 'secrets-show', 'kubeconfig'],
  validate: ['validate', 'schema'],
};

/**
 * Makes dist/: the library as tsc emits it, with types, and over it the program as a few files.
 *
 * The program is bundled because loading hundreds of modules costs more than all the work it does.
 */
async function main(): Promise<void> {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  rmSync('dist', { recursive: true, force: true });
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.json'], { stdio: 'inherit' });
  await build({
    entryPoints: { cli: 'cli.ts', ...Object.fromEntries(Object.keys(GROUPS).map((group) => [`cli-${group}`, group])) },
    outdir: 'dist',
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.19',
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    // Seldom used and large: loaded from node_modules when a command needs them.
    external: ['execa', 'age-encryption'],
    // yaml's build for Node is CommonJS, of which nothing can be left out.
    alias: { yaml: './node_modules/yaml/browser/index.js' },
    plugins: [commandGroups, bareBuiltins, nativeHash],
  });
  chmodSync('dist/cli.js', 0o755);
}

/** Makes the groups' entry points, and lets the table of commands load from them. */
const commandGroups: Plugin = {
  name: 'command-groups',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) => {
      return kind === 'entry-point' && path in GROUPS ? { path, namespace: 'group' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'group' }, ({ path }) => ({
      contents: GROUPS[path]?.map((name) => `export * from './lib/cli/commands/${name}.ts';`).join('\n') ?? '',
      resolveDir: process.cwd(),
    }));
    onResolve({ filter: /^\.\/commands\/.*\.ts$/ }, ({ path }) => {
      const name = path.slice('./commands/'.length, -'.ts'.length);
      const [group] = Object.entries(GROUPS).find(([, members]) => members.includes(name)) ?? [];
      if (group === undefined) return { errors: [{ text: `the command ${name} is in no group of scripts/build.ts` }] };
      return { path: `./cli-${group}.js`, external: true };
    });
  },
};

/**
 * Takes Node's own modules without their ESM form: making that evaluates every lazy part of them, such as the streams
 * of node:fs, which costs a third of a bare start. Here a part that nobody uses is not even asked for.
 */
const bareBuiltins: Plugin = {
  name: 'bare-builtins',
  setup({ onResolve, onLoad }) {
    const names = builtinModules.filter((name) => /^[a-z_/]+$/.test(name)).join('|');
    onResolve({ filter: new RegExp(`^(?:node:)?(?:${names})$`) }, ({ path, kind }) => {
      return { path: path.replace('node:', ''), namespace: kind === 'require-call' ? 'builtin-cjs' : 'builtin' };
    });
    onLoad({ filter: /.*/, namespace: 'builtin-cjs' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}');`,
    }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const keys = Object.keys(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path))).filter(isIdentifier);
      const exports = keys.map((key) => `export const ${key} = /* @__PURE__ */ part('${key}');`);
      const loader = `const load = () => process.getBuiltinModule('node:${path}');\nconst part = (key) => load()[key];`;
      return { contents: `${loader}\nexport default /* @__PURE__ */ load();\n${exports.join('\n')}` };
    });
  },
};

function isIdentifier(key: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default' && key !== 'load' && key !== 'part';
}

/** The program runs on Node: rendering's own SHA-256 in plain TypeScript makes way for the native one. */
const nativeHash: Plugin = {
  name: 'native-hash',
  setup({ onLoad }) {
    onLoad({ filter: /\/lib\/render\/sha256\.ts$/ }, () => ({
      contents: "import { hash } from 'node:crypto';\nexport const sha256Hex = (data) => hash('sha256', data);",
      resolveDir: process.cwd(),
    }));
  },
};

await main();
