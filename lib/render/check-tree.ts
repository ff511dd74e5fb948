/** Something at a path of the machine, as a configuration is about to make it. */
export interface TreeNode {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link';
  /** Absent for links. */
  readonly mode?: number;
}

/** Folders that are made anew at every boot: what a configuration puts there is lost, or refused. */
const VOLATILE = ['/dev', '/proc', '/run', '/sys', '/tmp'];
const MAX_MODE = 0o7777;

/**
 * What neither Ignition nor a file system accepts of a set of paths.
 *
 * @returns Problems, each naming its path; empty when the tree is sound.
 */
export function checkTree(nodes: readonly TreeNode[]): string[] {
  const problems: string[] = [];
  const types = new Map<string, TreeNode['type']>();
  for (const { path, type, mode } of nodes) {
    if (!isClean(path)) problems.push(`${path} is not an absolute path in its shortest spelling`);
    if (
      VOLATILE.some(
        (folder) => path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/'),
      )
    ) {
      problems.push(`${path} lies in a folder that is empty after every boot`);
    }
    if (types.has(path)) problems.push(`${path} is made twice`);
    types.set(path, type);
    if (type === 'link') continue;
    if (mode === undefined || !Number.isInteger(mode) || mode < 0 || mode > MAX_MODE) {
      problems.push(`${path} has no valid mode`);
    }
  }
  for (const path of types.keys()) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      const type = types.get(parent) ?? 'directory';
      if (type === 'directory') continue;
      problems.push(`${path} lies below ${parent}, which is a ${type}`);
      break;
    }
  }
  return problems;
}

function isClean(path: string): boolean {
  return /^(?:\/[^/\0]+)+$/.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path);
}

const UNIT_NAME =
  /^[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\-]*)?\.(?:service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;

/** @see https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html */
export function isUnitName(name: string): boolean {
  return UNIT_NAME.test(name) && name.length <= 255;
}

/** A name useradd accepts. */
export function isAccountName(name: string): boolean {
  return /^[a-z_][a-z0-9_-]{0,31}$/.test(name);
}
