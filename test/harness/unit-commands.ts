/** One `Exec*=` line of a unit, taken apart as systemd does. */
export interface UnitCommand {
  readonly argv: readonly string[];
  /** `-`: a failure is no failure. */
  readonly mayFail: boolean;
  /** `+`: as root, whatever `User=` says. */
  readonly privileged: boolean;
}

export interface UnitCommands {
  readonly user: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly runtimeDirectories: readonly string[];
  readonly type: string;
  readonly startPre: readonly UnitCommand[];
  readonly start: readonly UnitCommand[];
  readonly startPost: readonly UnitCommand[];
  readonly stopPost: readonly UnitCommand[];
  /** Exit codes after which systemd does not start it again. */
  readonly restartPrevented: readonly number[];
}

/**
 * What a rendered service unit runs, and as whom. Comments, continued lines, quotes, `%%` and `$$` as systemd.syntax(7).
 *
 * @throws Error for a specifier or variable, which Keelway's units do not use.
 */
export function unitCommands(unit: string): UnitCommands {
  const lines = serviceLines(unit);
  const all = (name: string): string[] => lines.filter(([key]) => key === name).map(([, value]) => value);
  const commands = (name: string): UnitCommand[] => all(name).map(parseCommand);
  return {
    user: all('User')[0],
    type: all('Type')[0] ?? 'simple',
    environment: Object.fromEntries(
      all('Environment')
        .flatMap(words)
        .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    ),
    runtimeDirectories: all('RuntimeDirectory').flatMap((value) => value.split(' ')),
    startPre: commands('ExecStartPre'),
    start: commands('ExecStart'),
    startPost: commands('ExecStartPost'),
    stopPost: commands('ExecStopPost'),
    restartPrevented: all('RestartPreventExitStatus').flatMap((value) => value.split(' ').map(Number)),
  };
}

function serviceLines(unit: string): (readonly [string, string])[] {
  let section = '';
  const found: (readonly [string, string])[] = [];
  for (const line of unit.replaceAll(/\\\n\s*/g, ' ').split('\n')) {
    if (/^\[.*\]$/.test(line)) section = line;
    const at = line.indexOf('=');
    if (section === '[Service]' && at > 0 && !/^[#;]/.test(line)) found.push([line.slice(0, at), line.slice(at + 1)]);
  }
  return found;
}

function parseCommand(text: string): UnitCommand {
  const prefix = /^[-+@:!]*/.exec(text)?.[0] ?? '';
  return {
    argv: words(text.slice(prefix.length)),
    mayFail: prefix.includes('-'),
    privileged: prefix.includes('+'),
  };
}

function words(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => {
    const word = double?.replaceAll(/\\(.)/g, '$1') ?? single ?? plain ?? '';
    return word.replaceAll(/%(.)|\$(.)/g, (_, percent, dollar) => {
      if (percent === '%') return '%';
      if (dollar === '$') return '$';
      throw new Error(`a specifier or variable in ${text}`);
    });
  });
}
