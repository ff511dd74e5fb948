import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/**
 * The files of the program: the words that choose one, and the commands in it. Each has all it needs, because every
 * further file costs; the last one answers every other word, too.
 */
const GROUPS: Readonly<Record<string, { readonly words: readonly string[]; readonly commands: readonly string[] }>> = {
  build: { words: ['build', 'plan', 'render'], commands: ['build', 'plan', 'render'] },
  secrets: { words: ['secrets', 'kubeconfig'], commands: ['secrets-create', 'secrets-show', 'kubeconfig'] },
  lab: {
    words: ['lab'],
    commands: ['lab-up', 'lab-status', 'lab-kubeconfig', 'lab-exec', 'lab-down', 'lab-supervise'],
  },
  validate: { words: ['validate', 'schema', 'help'], commands: ['validate', 'schema'] },
};
const OTHERWISE = 'validate';

/**
 * Makes dist/: the library as tsc emits it, with types, and over it the program as a few files.
 *
 * The program is bundled because loading hundreds of modules costs more than all the work it does.
 */
async function main(): Promise<void> {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  rmSync('dist', { recursive: true, force: true });
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.json'], { stdio: 'inherit' });
  for (const group of Object.keys(GROUPS)) await buildGroup(group);
  await build({
    ...OPTIONS,
    entryPoints: ['cli.ts'],
    outfile: 'dist/cli.js',
    format: 'esm',
    define: { BUNDLE_IDS: JSON.stringify(bundleIds()) },
    plugins: [loadGroup, ...OPTIONS.plugins],
  });
  chmodSync('dist/cli.js', 0o755);
}

async function buildGroup(group: string): Promise<void> {
  await build({
    ...OPTIONS,
    stdin: { contents: "export { run } from './lib/cli/run.ts';", resolveDir: process.cwd() },
    outfile: `dist/${bundleName(group)}`,
    format: 'cjs',
    banner: { js: '(function (exports, require, module) {' },
    footer: { js: '})' },
    // The loader has no import() to give, but require() takes modules of either kind.
    supported: { 'dynamic-import': false },
    plugins: [onlyCommands(GROUPS[group]?.commands ?? []), ...OPTIONS.plugins],
  });
}

function bundleName(group: string): string {
  return `cli-${group}.cjs`;
}

/** A digest of each file: code that was kept for another one must not be taken for it. */
function bundleIds(): Record<string, string> {
  const names = Object.keys(GROUPS).map(bundleName);
  return Object.fromEntries(names.map((name) => [name, hash('sha256', readFileSync(`dist/${name}`)).slice(0, 16)]));
}

/**
 * Leaves out the commands of the other groups, and imports the group's own at once: what a dynamic import may load
 * later, esbuild wraps in functions, with all that it needs.
 */
function onlyCommands(names: readonly string[]): Plugin {
  return {
    name: 'only-commands',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/commands\/.*\.ts$/ }, ({ path }) => {
        const name = path.slice('./commands/'.length, -'.ts'.length);
        const known = Object.values(GROUPS).some(({ commands }) => commands.includes(name));
        if (!known) return { errors: [{ text: `the command ${name} is in no group of scripts/build.ts` }] };
        return names.includes(name) ? undefined : { path, namespace: 'elsewhere' };
      });
      onLoad({ filter: /\/lib\/cli\/command-table\.ts$/ }, ({ path }) => {
        const imports: string[] = [];
        const table = readFileSync(path, 'utf8').replace(/\(await import\('(.*?)'\)\)\.(\w+)/g, (_, file, name) => {
          imports.push(`import { ${name} } from '${file}';\n`);
          return name;
        });
        return { contents: `${imports.join('')}${table}`, loader: 'ts' };
      });
      onLoad({ filter: /.*/, namespace: 'elsewhere' }, () => ({ contents: 'module.exports = {};' }));
    },
  };
}

/** The program's entry loads the file that the first word of the command line chooses. */
const loadGroup: Plugin = {
  name: 'load-group',
  setup({ onResolve, onLoad }) {
    const byWord = Object.fromEntries(
      Object.entries(GROUPS).flatMap(([group, { words }]) => words.map((word) => [word, [bundleName(group), word]])),
    );
    onResolve({ filter: /\/cli\/run\.ts$/ }, () => ({ path: 'load-group', namespace: 'load-group' }));
    onLoad({ filter: /.*/, namespace: 'load-group' }, () => ({
      contents: `import { loadBundle } from './scripts/bundle-loader.ts';
const byWord = new Map(Object.entries(${JSON.stringify(byWord)}));
const otherwise = ${JSON.stringify([bundleName(OTHERWISE), 'other'])};
export const run = (argv) => loadBundle(...(byWord.get(argv[0]) ?? otherwise)).run(argv);`,
      resolveDir: process.cwd(),
    }));
  },
};

/**
 * Takes Node's own modules without their ESM form: making that evaluates every lazy part of them, such as the streams
 * of node:fs, which costs a third of a bare start. Here a part that nobody uses is not even asked for.
 */
const bareBuiltins: Plugin = {
  name: 'bare-builtins',
  setup({ onResolve, onLoad }) {
    const names = builtinModules.filter((name) => /^[a-z0-9_/]+$/.test(name)).join('|');
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

const OPTIONS = {
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  target: 'node22.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  // Seldom used and large: loaded from node_modules when a command needs them.
  external: ['execa', 'age-encryption'],
  // yaml's build for Node is CommonJS, of which nothing can be left out.
  alias: { yaml: './node_modules/yaml/browser/index.js' },
  plugins: [bareBuiltins, nativeHash],
} satisfies BuildOptions;

await main();
