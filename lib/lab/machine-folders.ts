import { constants, copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { LabMachine } from './lab-plan.ts';
import type { ProgramsFolder } from './programs-folder.ts';

/** Where a machine finds images that came with it. */
const IMAGE_FOLDER = 'usr/share/keelway/images';

/**
 * Makes the layer with the upstream programs, which all machines share.
 *
 * @returns Its folder.
 */
export function makeProgramsLayer(disks: string, programs: ProgramsFolder): string {
  // No machine is called so.
  const layer = join(disks, '_programs');
  for (const [path, source] of Object.entries(programs.programs)) {
    // A program of the root itself is linked to, there.
    if (source.startsWith(`${programs.root}/`)) {
      mkdirSync(dirname(join(layer, path)), { recursive: true });
      symlinkSync(source.slice(programs.root.length), join(layer, path));
    } else {
      place(source, join(layer, path));
    }
  }
  return layer;
}

/**
 * Makes a machine's disks: its root's own layer with what the lab adds, the writable layer with the seed in it, and one
 * folder for each further disk.
 *
 * @returns The layers below the writable one, topmost first, without the shared ones.
 */
export function makeMachineFolder(disks: string, machine: LabMachine): string {
  const folder = join(disks, machine.name);
  const layer = join(folder, 'lab');
  for (const name of ['upper', 'work', 'lab']) mkdirSync(join(folder, name), { recursive: true });
  for (const disk of machine.disks) {
    mkdirSync(join(folder, disk.name));
    // The place where it is mounted.
    mkdirSync(join(layer, disk.path), { recursive: true });
  }
  for (const file of machine.files) write(join(layer, file.path), file.contents, file.mode ?? 0o644);
  for (const link of machine.links) {
    mkdirSync(dirname(join(layer, link.path)), { recursive: true });
    symlinkSync(link.target, join(layer, link.path));
  }
  for (const image of machine.images) place(image, join(layer, IMAGE_FOLDER, basename(image)));
  for (const { path, contents, mode } of machine.seed) write(join(folder, 'upper', path), contents, mode);
  return layer;
}

function write(path: string, contents: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents, { mode });
}

/** The same file under another name where the disk allows it, else a copy. */
function place(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target, constants.COPYFILE_FICLONE);
  }
}
