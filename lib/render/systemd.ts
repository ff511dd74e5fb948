/** Lines of one section; a repeated directive is repeated in the list. */
export type UnitSection = readonly (readonly [directive: string, value: string | number])[];

/**
 * Writes a systemd unit file. Order is kept; empty sections are left out.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html
 */
export function unitFile(sections: Readonly<Record<string, UnitSection>>): string {
  return Object.entries(sections)
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `[${name}]\n${lines.map(([directive, value]) => `${directive}=${value}\n`).join('')}`)
    .join('\n');
}

/** A command line with one argument a line: readable, and a diff shows the argument that changed. `%` is doubled. */
export function commandLine(program: string, args: readonly string[]): string {
  return [program, ...args].map(quoteArgument).join(' \\\n  ');
}

function quoteArgument(argument: string): string {
  const escaped = argument.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[A-Za-z0-9_@%+=:,./$*-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
