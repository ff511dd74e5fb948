import { KeelwayError } from '../errors.ts';
import type {
  MachinePart,
  PlannedDirectory,
  PlannedDownload,
  PlannedFile,
  PlannedLink,
  PlannedUnit,
  PlannedUser,
} from './machine-plan.ts';

/** A contribution and who made it, for the message when two of them collide. */
export interface NamedPart {
  readonly origin: string;
  readonly part: MachinePart;
}

export interface MergedParts {
  readonly files: readonly PlannedFile[];
  readonly directories: readonly PlannedDirectory[];
  readonly links: readonly PlannedLink[];
  readonly units: readonly PlannedUnit[];
  readonly users: readonly PlannedUser[];
  readonly downloads: readonly PlannedDownload[];
  readonly packages: readonly string[];
}

/**
 * Merges the contributions of a machine's components, sorted by path or name.
 *
 * Files, links and units belong to one component each. Several may ask for the same folder, user, download or package
 * when they mean the same.
 *
 * @throws {@link KeelwayError} `PLAN_INVALID` that names the machine, the path or unit, and both components.
 */
export function mergeParts(machine: string, parts: readonly NamedPart[]): MergedParts {
  const collect = <Item>(key: keyof MachinePart, name: (item: Item) => string, shared: boolean): readonly Item[] => {
    const found = new Map<string, { item: Item; origin: string }>();
    for (const { origin, part } of parts) {
      for (const item of (part[key] ?? []) as readonly Item[]) {
        const own = name(item);
        const earlier = found.get(own);
        if (earlier === undefined) found.set(own, { item, origin });
        else if (!shared || !isEqual(earlier.item, item)) {
          throw collision(machine, own, [earlier.origin, origin], shared);
        }
      }
    }
    // By the engine's own order of strings: a comparison by a function of ours takes a multiple.
    return [...found.keys()].sort().map((own) => (found.get(own) as { item: Item }).item);
  };
  const merged = {
    files: collect<PlannedFile>('files', ({ path }) => path, false),
    directories: collect<PlannedDirectory>('directories', ({ path }) => path, true),
    links: collect<PlannedLink>('links', ({ path }) => path, false),
    units: collect<PlannedUnit>('units', ({ name }) => name, false),
    users: collect<PlannedUser>('users', ({ name }) => name, true),
    downloads: collect<PlannedDownload>('downloads', ({ path }) => path, true),
    packages: collect<string>('packages', (name) => name, true),
  };
  checkPaths(machine, merged);
  return merged;
}

/** A file, a folder and a link cannot share a path; nothing lies below a file or a link. */
function checkPaths(machine: string, { files, directories, links }: MergedParts): void {
  const kinds = new Map<string, string>();
  for (const [kind, items] of Object.entries({ file: files, folder: directories, link: links })) {
    for (const { path } of items) {
      const earlier = kinds.get(path);
      if (earlier !== undefined) throw invalid(machine, `${path} is a ${earlier} and a ${kind}`);
      kinds.set(path, kind);
    }
  }
  for (const path of kinds.keys()) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const kind = kinds.get(path.slice(0, end));
      if (kind === 'file' || kind === 'link')
        throw invalid(machine, `${path} is below the ${kind} ${path.slice(0, end)}`);
    }
  }
}

function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function collision(machine: string, name: string, origins: readonly string[], shared: boolean): KeelwayError {
  const manner = shared ? ' in different ways' : '';
  return invalid(machine, `${origins[0]} and ${origins[1]} both plan ${name}${manner}`);
}

function invalid(machine: string, what: string): KeelwayError {
  return new KeelwayError({
    code: 'PLAN_INVALID',
    message: `the plan of ${machine} contradicts itself: ${what}`,
    hint: 'this is a fault in Keelway; please report it with the cluster file',
  });
}
