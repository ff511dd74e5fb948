/** One line of a .gitignore. */
interface IgnoreRule {
  readonly negated: boolean;
  readonly foldersOnly: boolean;
  /** Matched against the whole path below the file's folder; otherwise against the last name. */
  readonly anchored: boolean;
  readonly pattern: RegExp;
}

/** The rules of one file, in its order. */
export type IgnoreRules = readonly IgnoreRule[];

/**
 * Reads the text of a .gitignore.
 *
 * @see https://git-scm.com/docs/gitignore
 */
export function parseIgnoreRules(text: string): IgnoreRules {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap(parseRule);
}

function parseRule(line: string): IgnoreRule[] {
  // Blanks at the end count only behind a backslash.
  let glob = line.replace(/^((?:[^\\]|\\.)*?) *$/, '$1');
  if (glob === '' || glob.startsWith('#')) return [];
  const negated = glob.startsWith('!');
  if (negated) glob = glob.slice(1);
  const foldersOnly = glob.endsWith('/');
  if (foldersOnly) glob = glob.slice(0, -1);
  const anchored = glob.includes('/');
  if (glob.startsWith('/')) glob = glob.slice(1);
  const source = globSource(glob);
  return source === null || glob === ''
    ? []
    : [{ negated, foldersOnly, anchored, pattern: new RegExp(`^${source}$`, 's') }];
}

/** Null for a glob that matches nothing: a bracket or an escape without its end. */
function globSource(glob: string): string | null {
  let source = '';
  for (let rest = glob; rest !== ''; ) {
    const isStart = rest.length === glob.length;
    const folders = isStart ? /^\*\*\//.exec(rest) : null;
    const between = /^\/\*\*(?=\/)/.exec(rest);
    const below = /^\/\*\*$/.exec(rest);
    const stars = /^\*+/.exec(rest);
    const bracket = /^\[([!^]?)(\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]/s.exec(rest);
    let taken = 1;
    if (folders !== null) {
      source += '(?:.*/)?';
      taken = folders[0].length;
    } else if (between !== null) {
      source += '(?:/.*)?';
      taken = between[0].length;
    } else if (below !== null) {
      source += '/.*';
      taken = below[0].length;
    } else if (stars !== null) {
      source += '[^/]*';
      taken = stars[0].length;
    } else if (rest.startsWith('?')) {
      source += '[^/]';
    } else if (bracket !== null) {
      const [whole, not = '', members = ''] = bracket;
      source += `(?!/)[${not === '' ? '' : '^'}${classSource(members)}]`;
      taken = whole.length;
    } else if (rest.startsWith('[') || rest === '\\') {
      return null;
    } else if (rest.startsWith('\\')) {
      source += literal(rest.charAt(1));
      taken = 2;
    } else {
      source += literal(rest.charAt(0));
    }
    rest = rest.slice(taken);
  }
  return source;
}

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~',
};

function classSource(members: string): string {
  return members.replace(/\[:([a-z]+):\]|\\(.)|([\]\\^[])/gs, (_, name?: string, escaped?: string, plain?: string) =>
    name !== undefined ? (CLASSES[name] ?? '') : `\\${escaped ?? plain}`,
  );
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}

/**
 * What one file says about a path.
 *
 * @param path - Below the file's folder, without a slash at either end.
 * @returns Null: nothing.
 */
export function isIgnoredBy(rules: IgnoreRules, path: string, isFolder: boolean): boolean | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const rule = rules.findLast(
    ({ foldersOnly, anchored, pattern }) => (isFolder || !foldersOnly) && pattern.test(anchored ? path : name),
  );
  return rule === undefined ? null : !rule.negated;
}
