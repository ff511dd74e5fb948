const SEGMENT = /^[\w@%+=:,. -]+$/;

/** True for an absolute path without empty, `.` or `..` segments and without characters that units or shells would have to quote. */
export function isCleanAbsolutePath(path: string): boolean {
  if (path === '/') return true;
  return path.startsWith('/') && path.slice(1).split('/').every(isPlainSegment) && /^[\w./@+:=-]+$/.test(path);
}

/**
 * True for a relative path below or beside a file: clean segments, `..` only in front.
 *
 * @param parents - False refuses `..` altogether.
 */
export function isCleanRelativePath(path: string, parents: boolean): boolean {
  const segments = path.split('/');
  if (parents) while (segments.length > 1 && segments[0] === '..') segments.shift();
  return segments.every(isPlainSegment) && !segments[0]?.startsWith('~');
}

function isPlainSegment(segment: string): boolean {
  return SEGMENT.test(segment) && segment !== '.' && segment !== '..' && segment.trim() === segment;
}

/** True when `path` is `directory` or lies below it; both clean and absolute. */
export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
