/** A command of `ExecStart=` and its kin. */
export interface UnitCommand {
  readonly argv: readonly string[];
  /** `-`: a failure does not count. */
  readonly mayFail: boolean;
  /** `+`: as root, whatever `User=` says. */
  readonly asRoot: boolean;
}

/** What running a service takes, out of its unit file. */
export interface UnitSettings {
  readonly name: string;
  readonly type: 'simple' | 'exec' | 'notify' | 'oneshot';
  /** Null: root. */
  readonly user: string | null;
  readonly group: string | null;
  readonly dynamicUser: boolean;
  readonly umask: string | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentFiles: readonly string[];
  readonly runtimeDirectory: string | null;
  readonly runtimeDirectoryMode: string;
  readonly keepsRuntimeDirectory: boolean;
  /** Null: all; names without `cap_`. */
  readonly capabilities: readonly string[] | null;
  readonly ambientCapabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly startPre: readonly UnitCommand[];
  readonly start: readonly UnitCommand[];
  readonly startPost: readonly UnitCommand[];
  readonly stopPost: readonly UnitCommand[];
  readonly remains: boolean;
  readonly restart: 'no' | 'always' | 'on-failure';
  readonly restartSeconds: number;
  readonly preventRestartCodes: readonly number[];
}

type Lines = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a service's unit file, drop-ins included, for a runner that is not systemd.
 *
 * What systemd does with namespaces and filters of its own (`Protect*`, `Private*`, `Restrict*`, `SystemCall*`) and with
 * the kernel's scheduling is not read: only systemd does that.
 *
 * @param texts - The unit file, then its drop-ins in order.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
 */
export function unitSettings(name: string, texts: readonly string[]): UnitSettings {
  const lines = serviceLines(texts);
  const last = (key: string): string | null => lines.get(key)?.at(-1) ?? null;
  const isOn = (key: string): boolean => /^(?:yes|true|on|1)$/i.test(last(key) ?? '');
  const commands = (key: string): readonly UnitCommand[] => (lines.get(key) ?? []).map(parseCommand);
  return {
    name,
    type: (last('Type') as UnitSettings['type'] | null) ?? 'simple',
    user: last('User'),
    group: last('Group'),
    dynamicUser: isOn('DynamicUser'),
    umask: last('UMask'),
    environment: environmentOf((lines.get('Environment') ?? []).flatMap(words)),
    environmentFiles: lines.get('EnvironmentFile') ?? [],
    runtimeDirectory: last('RuntimeDirectory'),
    runtimeDirectoryMode: last('RuntimeDirectoryMode') ?? '0755',
    keepsRuntimeDirectory: last('RuntimeDirectoryPreserve') === 'yes',
    capabilities: lines.has('CapabilityBoundingSet') ? capabilityNames(lines, 'CapabilityBoundingSet') : null,
    ambientCapabilities: capabilityNames(lines, 'AmbientCapabilities'),
    noNewPrivileges: isOn('NoNewPrivileges'),
    startPre: commands('ExecStartPre'),
    start: commands('ExecStart'),
    startPost: commands('ExecStartPost'),
    stopPost: commands('ExecStopPost'),
    remains: isOn('RemainAfterExit'),
    restart: (last('Restart') as UnitSettings['restart'] | null) ?? 'no',
    restartSeconds: seconds(last('RestartSec') ?? '100ms'),
    preventRestartCodes: (last('RestartPreventExitStatus') ?? '').split(' ').filter(Boolean).map(Number),
  };
}

/** Lines of `Name=value`, as in an environment file. */
export function environmentOf(lines: readonly string[]): Readonly<Record<string, string>> {
  const pairs = lines.map((line) => line.trim()).filter((line) => line !== '' && !/^[#;]/.test(line));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

function serviceLines(texts: readonly string[]): Lines {
  const found = new Map<string, string[]>();
  for (const text of texts) {
    let section = '';
    for (const line of text.replaceAll(/\\\n\s*/g, ' ').split('\n')) {
      if (line.startsWith('[')) section = line;
      const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
      if (section !== '[Service]' || key === undefined || value === undefined) continue;
      // An empty value forgets what came before; for the capabilities it means none.
      if (value === '') found.set(key, []);
      else found.set(key, [...(found.get(key) ?? []), value]);
    }
  }
  return found;
}

function capabilityNames(lines: Lines, key: string): readonly string[] {
  return (lines.get(key) ?? [])
    .flatMap((value) => value.toLowerCase().split(' '))
    .map((name) => name.slice('cap_'.length));
}

function parseCommand(text: string): UnitCommand {
  const [, prefix = '', rest = ''] = /^([-+@!:]*)(.*)$/.exec(text) ?? [];
  return { argv: words(rest), mayFail: prefix.includes('-'), asRoot: prefix.includes('+') };
}

/** Words with systemd's quotes; `%%` and `$$` stand for one. */
function words(text: string): readonly string[] {
  const found = text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+/g) ?? [];
  return found.map((word) =>
    word
      .replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) =>
        double === undefined ? (single ?? '') : double.replaceAll(/\\(.)/g, '$1'),
      )
      .replaceAll('%%', '%')
      .replaceAll('$$', '$'),
  );
}

function seconds(text: string): number {
  const [, amount = '0', unit = 's'] = /^([\d.]+)\s*(ms|s|min|h)?$/.exec(text) ?? [];
  return Number(amount) * ({ ms: 0.001, s: 1, min: 60, h: 3600 }[unit] ?? 1);
}
