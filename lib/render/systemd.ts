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

/**
 * The name that systemd wants for the mount unit of a folder: `/var/lib/etcd` is `var-lib-etcd.mount`.
 *
 * @param path - Absolute and clean, ASCII.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd-escape.html
 */
export function mountUnitName(path: string): string {
  const escaped = path
    .replace(/^\//, '')
    .replaceAll(/^\.|[^\w:./]/g, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll('/', '-');
  return `${escaped === '' ? '-' : escaped}.mount`;
}

function quoteArgument(argument: string): string {
  const escaped = argument.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[A-Za-z0-9_@%+=:,./$*-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
