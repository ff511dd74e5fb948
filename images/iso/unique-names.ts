/**
 * Gives every name of a directory a shortened form that no other has.
 *
 * Names are taken in order: the first keeps its plain form, a later one that collides gets a number, counted through
 * the whole directory so that ten thousand collisions cost ten thousand steps.
 *
 * @param shorten - Returns the shortened name, ending (before any extension) in the given digits.
 */
export function uniqueNames(names: readonly string[], shorten: (name: string, digits: string) => string): string[] {
  const taken = new Set<string>();
  let counter = 0;
  return names.map((name) => {
    let short = shorten(name, '');
    while (taken.has(short)) {
      short = shorten(name, String(counter).padStart(3, '0'));
      counter += 1;
    }
    taken.add(short);
    return short;
  });
}
