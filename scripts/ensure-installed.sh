#!/bin/sh
# Installs the dependencies when they are missing or older than the lock; runs on whatever Node the machine has.
set -eu
cd "$(dirname "$0")/.."
installed=node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ package-lock.json -nt "$installed" ]; then
  echo 'installing dependencies (npm ci)' >&2
  npm ci --loglevel=error >&2
  # npm keeps the time of a file it does not change.
  touch "$installed"
fi
