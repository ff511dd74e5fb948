/**
 * A text with some passages replaced, each at its first place.
 *
 * @param changes - What is there, and what to put there.
 * @throws Error when one of them is not there: a test would lie about what it runs.
 */
export function edited(text: string, ...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the text has no ${from}`);
    return before.replace(from, () => to);
  }, text);
}
