/** A Markdown table; cells may hold code, not bars. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}

export function code(text: string): string {
  return `\`${text}\``;
}

const BEGIN = /^<!-- generated: ([a-z-]+) -->$/m;
const END = '<!-- end -->';

/**
 * Replaces what stands between `<!-- generated: name -->` and `<!-- end -->` in a document, for every name it has.
 *
 * @throws Error for a name that nobody generates.
 */
export function withGenerated(text: string, parts: Readonly<Record<string, string>>): string {
  let done = '';
  let rest = text;
  for (let match = BEGIN.exec(rest); match !== null; match = BEGIN.exec(rest)) {
    const [line, name = ''] = match;
    const part = parts[name];
    const end = rest.indexOf(END, match.index);
    if (part === undefined || end === -1) throw new Error(`nothing generates ${name}, or it has no ${END}`);
    done += `${rest.slice(0, match.index)}${line}\n\n${part.trim()}\n\n`;
    rest = rest.slice(end);
    done += END;
    rest = rest.slice(END.length);
  }
  return done + rest;
}
