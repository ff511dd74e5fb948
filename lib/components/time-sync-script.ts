/** How the gate's script is set up; all are paths or numbers. */
export interface TimeSyncScript {
  /** Unix seconds: certificates of this machine are not valid before. */
  readonly floorSeconds: number;
  /** True when the time daemon runs at all. */
  readonly runsCommand: string;
  /** Waits until the clock is set by a server, or fails after this many tries, two seconds apart. */
  readonly waitCommand: (tries: number) => string;
  /** File that the time daemon touches while it runs: its time is a floor too. */
  readonly clockFile: string;
  /** False: the cluster names no time servers, so nothing is waited for. */
  readonly hasServers: boolean;
}

/** Half a minute: with iburst a server that is there has set the clock within seconds. */
const TRIES = 15;

/**
 * The script of keelway-time-sync.service, for any POSIX sh with GNU date.
 *
 * It ends with 0 when a server has set the clock, or when no server answers and the clock is past the floor (a whole
 * site that comes back without its time servers must come up by itself). A clock before the floor is first put there:
 * certificates are valid then, and time never runs back behind what the machine has seen. A clock that stays before the
 * floor keeps the gate closed, and is looked at again every ten seconds.
 */
export function timeSyncScript(settings: TimeSyncScript): string {
  return `#!/bin/sh
# Keelway: lets nothing start before the clock is right, or as right as it gets.
set -eu
export LC_ALL=C

# No certificate of this machine is valid before.
floor=${settings.floorSeconds}
# Nor can it be earlier than when the time daemon last ran.
seen=$(stat -c %Y ${settings.clockFile} 2>/dev/null || echo 0)
if [ "$seen" -gt "$floor" ]; then floor=$seen; fi

say() {
  echo "keelway-time-sync: $*" >&2
}

before_floor() {
  [ "$(date +%s)" -lt "$floor" ]
}

synchronised() {
${
  settings.hasServers
    ? `  { ${settings.runsCommand} && ${settings.waitCommand(TRIES)}; } >/dev/null 2>&1`
    : '  return 1'
}
}

if before_floor; then
  say "WARNING: the clock shows $(date -u +%FT%TZ), which is past; setting it to $(date -u -d "@$floor" +%FT%TZ)"
  date -u -s "@$floor" >/dev/null || say "the clock cannot be set"
fi

while :; do
  if synchronised; then
    before_floor || exit 0
    say "WAITING: the time servers say $(date -u +%FT%TZ), but the certificates are valid from $(date -u -d "@$floor" +%FT%TZ)"
  elif before_floor; then
    say "WAITING: the clock shows $(date -u +%FT%TZ), before $(date -u -d "@$floor" +%FT%TZ), and no time server answers"
  else
    say "WARNING: ${
      settings.hasServers ? 'no time server answers' : 'the cluster names no time servers'
    }; going on with $(date -u +%FT%TZ) as it is"
    exit 0
  fi
  sleep 10
done
`;
}
