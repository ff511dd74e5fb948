/** Made by hand or by an administrator who must start a machine with changed files; its presence turns refusal into a warning. */
export const ALLOW_CHANGED_FILES = '/etc/keelway/allow-changed-files';

export const IDENTITY_FILE = '/etc/keelway/identity';
/** `sha256sum --check` format. */
export const MANIFEST_FILE = '/etc/keelway/manifest.sha256';
/** `stat` lines of mode, owner and path. */
export const MODES_FILE = '/etc/keelway/manifest.modes';

/**
 * The script of keelway-seed.service, for any POSIX sh with GNU coreutils and findutils. It changes nothing.
 *
 * It refuses (exit 1, and a message that names every difference) when this is not the machine that the configuration was
 * made for, or when a delivered file is missing, changed, or has another mode or owner.
 */
export const SEED_SCRIPT: string = `#!/bin/sh
# Keelway: lets nothing start on the wrong machine, or from files that are not as they were delivered.
# shellcheck disable=SC2154 # the identity file sets them
set -eu
export LC_ALL=C

# Sets name, macs, uuid, serial, manifest.
# shellcheck source=/dev/null
. ${IDENTITY_FILE}
refused=0

refuse() {
  echo "keelway-seed: REFUSED: $*" >&2
  refused=1
}

mac_present() {
  for mac in $macs; do
    cat /sys/class/net/*/address /sys/class/net/*/bonding_slave/perm_hwaddr 2>/dev/null | grep -Fqx "$mac" && return 0
  done
  return 1
}

# A network card may take a while to show up.
check_macs() {
  [ -n "$macs" ] || return 0
  tries=30
  until mac_present; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
      refuse "this configuration is for $name, which has a network card $macs; this machine has none of them"
      return
    fi
    sleep 1
  done
}

# check_dmi FILE WANTED WHAT: one value of the firmware's tables.
check_dmi() {
  [ -n "$2" ] || return 0
  found=
  if [ -r "/sys/class/dmi/id/$1" ]; then read -r found <"/sys/class/dmi/id/$1" || :; fi
  [ "$found" != "$2" ] || return 0
  if [ "$1" = product_uuid ]; then
    found=$(printf '%s' "$found" | tr 'A-F' 'a-f')
    [ "$found" != "$2" ] || return 0
    # Older firmware and some tools show the first three fields with their bytes the other way round.
    swapped=$(printf '%s' "$found" |
      sed 's/^\\(..\\)\\(..\\)\\(..\\)\\(..\\)-\\(..\\)\\(..\\)-\\(..\\)\\(..\\)-/\\4\\3\\2\\1-\\6\\5-\\8\\7-/')
    [ "$swapped" != "$2" ] || return 0
  fi
  refuse "this configuration is for $name, whose $3 is $2; this machine has \${found:-none}"
}

# The certificates are for this name, and it is the node's.
check_hostname() {
  found=$(uname -n)
  [ "$found" = "$name" ] || refuse "the host name must be $name, not $found"
}

check_files() {
  if [ "$(sha256sum <${MANIFEST_FILE})" != "$manifest  -" ]; then
    echo "${MANIFEST_FILE}: not the one that was delivered"
    return 0
  fi
  sha256sum --check --quiet --strict ${MANIFEST_FILE} 2>&1 || :
  # The lines of the list that stat does not print.
  cut -d ' ' -f 3- ${MODES_FILE} | xargs -d '\\n' stat -c '%a %U:%G %n' 2>/dev/null | sort |
    comm -13 - ${MODES_FILE} | sed 's/^/should be: /'
}

check_macs
check_dmi product_uuid "$uuid" UUID
check_dmi product_serial "$serial" 'serial number'
check_hostname
if [ "$refused" -ne 0 ]; then exit 1; fi

differences=$(check_files)
if [ -n "$differences" ]; then
  printf '%s\\n' "$differences" >&2
  if [ -e ${ALLOW_CHANGED_FILES} ]; then
    echo "keelway-seed: WARNING: starting with changed files, because ${ALLOW_CHANGED_FILES} is there" >&2
    exit 0
  fi
  refuse "these files of $name are not as they were delivered; nothing of the cluster is started"
  echo "keelway-seed: apply the configuration again, or, to start all the same: touch ${ALLOW_CHANGED_FILES}" >&2
  exit 1
fi
echo "keelway-seed: this is $name, and every file is as delivered"
`;
