/** What the firewall script is told; all are paths without blanks or quotes. */
export interface FirewallScript {
  readonly nft: string;
  /** The machine's own rules, with an empty chain `site`. */
  readonly rules: string;
  /** Folder of the administrator's files. */
  readonly dropIns: string;
  /** File that says that the own rules are loaded. */
  readonly loaded: string;
}

/**
 * The script of keelway-firewall.service, for any POSIX sh with coreutils and nft.
 *
 * Our rules and the administrator's files are loaded in one transaction. A file that nft refuses is left out and named,
 * at the start; at a reload nothing changes and it fails (exit 1).
 */
export function firewallScript({ nft, rules, dropIns, loaded }: FirewallScript): string {
  return `#!/bin/sh
# Keelway: loads the firewall of the machine, and what its administrator adds in ${dropIns}.
#   firewall           a file with a fault is left out, loudly
#   firewall --reload  all of it, or nothing changes
set -eu
export LC_ALL=C

say() {
  echo "keelway-firewall: $*" >&2
}

# text FILE...: our rules, then those files in the chain that ours leave to them.
text() {
  echo 'include "${rules}"'
  for file; do
    printf 'table inet keelway {\\n chain site {\\n  include "%s"\\n }\\n}\\n' "$file"
  done
}

# load [--check] FILE...
load() {
  check=
  if [ "\${1:-}" = --check ]; then
    check=--check
    shift
  fi
  text "$@" | ${nft} $check -f -
}

mode=\${1:-}
set --
for file in ${dropIns}/*.nft; do
  [ -e "$file" ] || continue
  if load --check "$file"; then
    set -- "$@" "$file"
  else
    if [ "$mode" = --reload ]; then
      say "$file has a fault: nothing is changed"
      exit 1
    fi
    say "WARNING: $file has a fault and is left out; mend it, then: systemctl reload keelway-firewall"
  fi
done

if ! load "$@"; then
  if [ "$mode" = --reload ]; then
    say "nothing is changed"
    exit 1
  fi
  say "WARNING: the files in ${dropIns} do not go together and are left out"
  load
fi
mkdir -p ${loaded.slice(0, loaded.lastIndexOf('/'))}
: >${loaded}
`;
}
