import { basename, join } from 'node:path';
import type { Issue } from '../issue.ts';
import { findUnignored } from '../secrets/find-unignored.ts';
import type { CommandInput } from './command.ts';
import { shortPath } from './places.ts';
import { showWarnings } from './show-warnings.ts';

/** Something with keys in it that a command reads or writes. */
export interface SecretPlace {
  /** Absolute; what is shown. */
  readonly path: string;
  /** A file in it, when it is a folder. */
  readonly probe?: string;
}

/** Warns of files with keys in them that lie in a Git work tree and are not ignored there. */
export async function warnUnignored(places: readonly SecretPlace[], input: CommandInput): Promise<void> {
  const { io, ports } = input;
  const probed = new Map(places.map((place) => [join(place.path, place.probe ?? ''), place]));
  const unignored = await findUnignored([...probed.keys()], ports.files, io.env);
  const warnings = unignored.map((path): Issue => {
    const place = probed.get(path) as SecretPlace;
    const line = place.probe === undefined ? basename(place.path) : `${basename(place.path)}/`;
    const shown = shortPath(input, place.path);
    return {
      severity: 'warning',
      code: 'SECRETS_NOT_IGNORED',
      path: [],
      message: `${shown} holds keys and lies in a Git work tree that does not ignore it`,
      hint: `add the line ${line} to .gitignore`,
    };
  });
  showWarnings(warnings, io);
}
