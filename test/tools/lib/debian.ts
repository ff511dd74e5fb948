import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebsRecipe, RootRecipe } from '../catalog.ts';
import { aptGet } from './host.ts';
import { run } from './run.ts';
import { ToolsError } from './tools-error.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders.
const PACKAGE_AND_VERSION = '--showformat=${Package} ${Version}\\n';

/** Debian package to version. */
export type Packages = Record<string, string>;

/**
 * Unpacks Debian packages of the machine's own release below `folder` and writes a wrapper for each program.
 *
 * A wrapper finds the private libraries beside itself, so the folder may be moved.
 */
export async function unpackDebs(recipe: DebsRecipe, folder: string): Promise<Packages> {
  const what = recipe.name;
  const download = join(folder, 'debs');
  await mkdir(download);
  const fetch = () => aptGet(['download', '--quiet=2', ...recipe.packages], what, download);
  await fetch().catch(async () => {
    await aptGet(['update', '--quiet=2'], 'package lists');
    await fetch();
  });
  const packages: Packages = {};
  for (const deb of await readdir(download)) {
    const path = join(download, deb);
    const [name = '', version = ''] = (await run('dpkg-deb', ['--show', PACKAGE_AND_VERSION, path], { what }))
      .trim()
      .split(' ');
    packages[name] = version;
    await run('dpkg-deb', ['--extract', path, folder], { what });
  }
  await rm(download, { recursive: true });
  for (const [file, { program, libraries }] of Object.entries(recipe.wrappers)) {
    const script = [
      '#!/bin/sh',
      'here=$(dirname "$(readlink -f "$0")")',
      `LD_LIBRARY_PATH=$here/${libraries} exec "$here/${program}" "$@"`,
      '',
    ];
    await writeFile(join(folder, file), script.join('\n'));
    await chmod(join(folder, file), 0o755);
  }
  return packages;
}

/** The archive this machine itself installs Debian from. */
async function debianArchive(): Promise<string> {
  const targets = ['indextargets', '--format', '$(LABEL)|$(COMPONENT)|$(REPO_URI)', 'Created-By: Packages'];
  const find = async () =>
    (await run('apt-get', targets, { what: 'Debian archive' }))
      .split('\n')
      .map((line) => line.split('|'))
      .find(([label, component]) => label === 'Debian' && component === 'main')?.[2];
  let archive = await find();
  if (archive === undefined) {
    await aptGet(['update', '--quiet=2'], 'package lists');
    archive = await find();
  }
  if (archive === undefined) throw new ToolsError('apt knows no Debian archive: add one to /etc/apt/sources.list', 4);
  return archive;
}

/** What no program reads: a fifth of the root. */
const UNREAD = ['/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*', '/usr/share/doc/*/*'];

/**
 * Makes a root file system of the recipe's release below `folder`.
 *
 * It is a machine that has never run: no machine id, no host keys, no name. Everything is mounted in namespaces of
 * its own, so a build that is killed leaves no mount behind.
 */
export async function buildRoot(recipe: RootRecipe, folder: string): Promise<Packages> {
  const what = recipe.name;
  if (process.getuid?.() !== 0) throw new ToolsError(`${what} can only be made by root: run this once as root`, 4);
  const archive = await debianArchive();
  const release = recipe.version;
  const pin = `Package: *\\nPin: release n=sid\\nPin-Priority: 100\\n`;
  const root = join(folder, 'root');
  const arguments_ = [
    '--mode=root',
    '--variant=minbase',
    '--dpkgopt=force-unsafe-io',
    ...UNREAD.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    `--aptopt=APT::Default-Release "${release}"`,
    // An archive's copy of sid may be older than its signature allows.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=Acquire::Retries "3"',
    `--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && printf '${pin}' >"$1/etc/apt/preferences.d/sid"`,
    `--customize-hook=echo "deb ${archive} ${release} main" >"$1/etc/apt/sources.list"`,
    '--customize-hook=rm -f "$1"/etc/apt/preferences.d/sid "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname',
    '--customize-hook=find "$1/var/log" -type f -delete',
    `--include=${[...recipe.packages, ...recipe.fromSid.map((name) => `${name}/sid`)].join(',')}`,
    release,
    root,
    `deb ${archive} ${release} main`,
    `deb ${archive} sid main`,
  ];
  const isolated = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  await run('unshare', [...isolated, 'mmdebstrap', ...arguments_], { what, cwd: '/', diesWithUs: true });
  const list = [`--admindir=${root}/var/lib/dpkg`, '--show', PACKAGE_AND_VERSION];
  const lines = (await run('dpkg-query', list, { what })).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
}
