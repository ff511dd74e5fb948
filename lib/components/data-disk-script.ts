/** The link to the disk that was found, made anew at each boot. */
export const DATA_DISK_LINK = '/run/keelway/disks/etcd';

/** Label of the file system that Keelway makes; 16 bytes at most. */
export const DATA_DISK_LABEL = 'keelway-etcd';

/**
 * Finds the one disk that a selector names, makes an ext4 file system on it when it carries nothing at all, checks the file
 * system otherwise, and leaves a link to it.
 *
 * It refuses (exit 1, one line on standard error) when no disk or more than one fits, and when the disk holds anything
 * that is not the file system it made itself: a foreign file system, a partition table, RAID, LVM or LUKS signatures.
 *
 * Arguments: `serial`, `wwn` or `path`, and the value.
 *
 * @see https://man7.org/linux/man-pages/man8/blkid.8.html
 */
export const DATA_DISK_SCRIPT: string = `#!/bin/sh
# Keelway: finds etcd's data disk, makes its file system when the disk is blank, and links it.
#   data-disk serial|wwn|path VALUE
set -eu
export LC_ALL=C
kind=$1
value=$2
label=${DATA_DISK_LABEL}
link=${DATA_DISK_LINK}

refuse() {
  echo "keelway-data-disk: $(uname -n): REFUSED: $*" >&2
  exit 1
}

# One line for each disk that fits.
find_disks() {
  case $kind in
    path) if [ -b "$value" ]; then readlink -f "$value"; fi ;;
    serial) whole_disks_with SERIAL ;;
    wwn) whole_disks_with WWN ;;
  esac
}

# whole_disks_with COLUMN: those whose COLUMN is the value
whole_disks_with() {
  lsblk --nodeps --noheadings --paths --raw --output NAME,TYPE | while read -r name type; do
    if [ "$type" = disk ] && [ "$(column "$1" "$name")" = "$value" ]; then echo "$name"; fi
  done
}

# column COLUMN DISK: without the blanks around it
column() {
  lsblk --nodeps --noheadings --output "$1" "$2" | sed 's/^ *//; s/ *$//'
}

# Firmware and controllers take their time.
tries=30
while :; do
  udevadm settle --timeout=10 || :
  disks=$(find_disks)
  if [ -n "$disks" ]; then break; fi
  tries=$((tries - 1))
  if [ "$tries" -le 0 ]; then
    refuse "no disk has the $kind $value. There are:$(lsblk --nodeps --noheadings --paths --output NAME,SERIAL,WWN |
      sed 's/  */ /g; s/^/ [/; s/ *$/]/' | tr -d '\\n')"
  fi
  sleep 2
done
[ "$(printf '%s\\n' "$disks" | wc -l)" -eq 1 ] ||
  refuse "several disks have the $kind $value:$(printf ' %s' $disks)"
disk=$disks

link_disk() {
  mkdir -p "\${link%/*}"
  ln -sfn "$disk" "$link"
}

# Started again while etcd runs: nothing to check below a mounted file system.
if findmnt --noheadings --source "$disk" >/dev/null; then
  link_disk
  exit 0
fi

# signature FIELD: what blkid finds on the disk itself, never from a cache
signature() {
  printf '%s\\n' "$found" | sed -n "s/^$1=//p"
}

status=0
found=$(blkid --probe --output export "$disk" 2>/dev/null) || status=$?
case $status in
  2)
    # blkid sees nothing. Make sure that nobody else does: no signature anywhere, no partition the kernel knows.
    [ -z "$(wipefs --noheadings --no-act "$disk")" ] || refuse "$disk holds: $(wipefs --noheadings --output TYPE "$disk" | tr '\\n' ' ')"
    [ "$(lsblk --noheadings --raw --output NAME "$disk" | wc -l)" -eq 1 ] || refuse "$disk is in use by other devices"
    [ "$(blockdev --getro "$disk")" -eq 0 ] || refuse "$disk is read-only"
    echo "keelway-data-disk: making the file system $label on the blank disk $disk"
    # No blocks kept for root, few inodes, and nothing left to initialise behind etcd's back.
    mkfs.ext4 -q -L "$label" -m 0 -T largefile -e remount-ro -E lazy_itable_init=0,lazy_journal_init=0 "$disk"
    ;;
  0)
    if [ "$(signature TYPE)" != ext4 ] || [ "$(signature LABEL)" != "$label" ]; then
      refuse "$disk holds $(signature TYPE)$(signature PTTYPE | sed 's/^/a partition table of type /')" \\
        "labelled '$(signature LABEL)', which Keelway did not make. If nothing on it is needed: wipefs --all $disk"
    fi
    checked=0
    fsck.ext4 -p "$disk" || checked=$?
    [ "$checked" -lt 4 ] || refuse "the file system on $disk needs a hand: fsck.ext4 -f $disk"
    ;;
  *)
    refuse "$disk holds several signatures: $(wipefs --noheadings --output TYPE --no-act "$disk" | tr '\\n' ' ')"
    ;;
esac
link_disk
`;
