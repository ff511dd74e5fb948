import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { REPOSITORY, readDocument } from './document.ts';

/** Tracked text files of this project's own; fixtures may hold anything. */
function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z'], { cwd: fileURLToPath(REPOSITORY), encoding: 'utf8' });
  return list
    .split('\0')
    .filter((path) => path !== '' && !path.startsWith('test/fixtures/') && existsSync(new URL(path, REPOSITORY)))
    .filter((path) => !/\.(?:sum|bin|iso)$|^package-lock\.json$|^test\/docs\/layout\.test\.ts$/.test(path));
}

function findings(pattern: RegExp): string[] {
  return trackedFiles().flatMap((path) => {
    const lines = readFileSync(new URL(path, REPOSITORY), 'utf8').split('\n');
    return lines.flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
  });
}

describe('the map of the folders in CONTRIBUTING', () => {
  const map = readDocument('CONTRIBUTING.md').split('## Map of the folders')[1]?.split('## Rules')[0] ?? '';

  it.each(['lib', 'images'])('names every folder of %s and no other', (parent) => {
    const part = map.split(new RegExp(`^    ${parent}/.*$`, 'm'))[1]?.split(/^ {4}\S/m)[0] ?? '';
    const named = [...part.matchAll(/^ {6}([\w-]+)\/ /gm)].map(([, name]) => name);
    const folders = readdirSync(new URL(parent, REPOSITORY), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(named.toSorted()).toEqual(folders.toSorted());
  });

  it('names only what exists', () => {
    const top = [...map.matchAll(/^ {4}([\w-]+(?:\/|\.ts))/gm)].map(([, name = '']) => name);
    expect(top.filter((name) => !existsSync(new URL(name, REPOSITORY)))).toEqual([]);
  });
});

describe('tracked files', () => {
  it('name no path of one machine', () => {
    const repository = fileURLToPath(REPOSITORY);
    const places = [
      repository,
      join(repository, '../shared'),
      ...['.cache', '.npm'].map((name) => join(homedir(), name)),
    ];
    const pattern = new RegExp(
      `(?:${places.map((place) => place.replace(/\/$/, '').replaceAll('.', '\\.')).join('|')})(?![\\w-])`,
    );
    expect(findings(pattern)).toEqual([]);
    expect(findings(/(?<![\w.-])\/(?:home|Users)\/(?!core\b)\w+\//)).toEqual([]);
  });

  it('leave nothing to do', () => {
    expect(findings(/\b(?:TODO|FIXME|XXX)\b/)).toEqual([]);
  });

  it('name no package registry', () => {
    expect(findings(/registry\.npmjs|registry\.yarnpkg|npm\.pkg\.github|pypi\.org/)).toEqual([]);
  });

  it('are at most 400 lines of code', () => {
    const code = trackedFiles().filter((path) => /\.(?:ts|sh|py|go)$/.test(path));
    const long = code.filter((path) => readFileSync(new URL(path, REPOSITORY), 'utf8').split('\n').length > 401);
    expect(long).toEqual([]);
  });
});
