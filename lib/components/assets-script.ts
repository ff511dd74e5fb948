export const ASSETS_FOLDER = '/var/lib/keelway/assets';
/** Lines of sha256, path and URL, tab-separated. */
export const DOWNLOADS_FILE = '/etc/keelway/assets/downloads';
/** Lines of sha256 and path of the download, member of the archive (`-` for a bare program) and target, tab-separated. */
export const INSTALLS_FILE = '/etc/keelway/assets/installs';

/**
 * The script of keelway-assets.service, for any POSIX sh with GNU coreutils, tar and curl.
 *
 * Nothing is installed that does not have its hash; a target is replaced by rename, and only when it or its source
 * changed. It tries again for ever: the network may come later, and nothing of the product runs without its programs.
 */
export const ASSETS_SCRIPT: string = `#!/bin/sh
# Keelway: fetches the programs of the asset lock that are not here yet, verifies them, and installs them.
set -eu
export LC_ALL=C

notes=${ASSETS_FOLDER}/installed
tab=$(printf '\\t')
mkdir -p "$notes"

say() {
  echo "keelway-assets: $*" >&2
}

# has_hash SHA256 FILE
has_hash() {
  [ -f "$2" ] && printf '%s  %s\\n' "$1" "$2" | sha256sum --check --status
}

# fetch SHA256 PATH URL
fetch() {
  if has_hash "$1" "$2"; then return 0; fi
  rm -f "$2.part"
  curl --fail --location --silent --show-error --connect-timeout 10 --output "$2.part" "$3" || return 1
  if ! has_hash "$1" "$2.part"; then
    rm -f "$2.part"
    say "REFUSED: $3 does not have the sha256 $1"
    return 1
  fi
  sync "$2.part"
  mv -f "$2.part" "$2"
}

# put SHA256 PATH MEMBER TARGET
put() {
  note=$notes/$(printf '%s' "$4" | tr / _)
  if [ -f "$4" ] && [ -f "$note" ] && [ "$(cat "$note")" = "$1 $(sha256sum <"$4")" ]; then return 0; fi
  mkdir -p "\${4%/*}"
  if [ "$3" = - ]; then
    cp "$2" "$4.new" || return 1
  else
    tar -xOf "$2" "$3" >"$4.new" || return 1
  fi
  chmod 0755 "$4.new"
  sync "$4.new"
  mv -f "$4.new" "$4"
  # SELinux lets systemd run a program only with the label of its folder.
  if command -v restorecon >/dev/null; then restorecon "$4" || :; fi
  printf '%s %s' "$1" "$(sha256sum <"$4")" >"$note"
  say "installed $4"
}

all() {
  while IFS=$tab read -r sha256 path url; do
    fetch "$sha256" "$path" "$url" || return 1
  done <${DOWNLOADS_FILE}
  while IFS=$tab read -r sha256 path member target; do
    put "$sha256" "$path" "$member" "$target" || return 1
  done <${INSTALLS_FILE}
}

until all; do
  say "WAITING: trying again in 10 seconds"
  sleep 10
done
say "every program is in place"
`;
