import type { PlannedFile } from '../plan/machine-plan.ts';
import { ETCD_FORMING_PORT } from './etcd-flags.ts';
import { SCRIPT_DIRECTORY, scriptFile } from './product-unit.ts';

/** Path of the guard; it becomes etcd when the member may start. */
export const ETCD_GUARD: string = `${SCRIPT_DIRECTORY}/etcd-guard`;

/** The guard's exit code for what no waiting mends; systemd does not start the unit again then. */
export const GUARD_REFUSAL = 78;

/** File in the data directory that says whose data it is, and whether the member has ever joined. */
export const MEMBER_MARKER = 'keelway-member';

/** An administrator makes this file in the data directory to accept data that has no fitting marker. */
export const ADOPT_FILE = 'keelway-adopt';

/** Set to `skip` by the lab only, where the data directory is not a disk of its own. */
export const MOUNT_CHECK_VARIABLE = 'KEELWAY_DATA_MOUNT_CHECK';

/** Set in the unit when the data directory is a disk of its own: the link to that disk. */
export const DATA_DISK_VARIABLE = 'KEELWAY_DATA_DISK';

export function etcdGuardFile(): PlannedFile {
  return scriptFile('etcd-guard', ETCD_GUARD_SCRIPT);
}

/**
 * Decides whether this etcd member may start, then becomes etcd: a member that lost its data must neither form a cluster
 * anew nor come back under its old identity, for it has forgotten what it voted for.
 *
 * It reads etcd's own flags, so that there is one truth. A marker on the data disk goes from nothing to `forming`, before
 * etcd runs for the first time, to `formed`, when etcd has joined:
 *
 * | marker | data | then |
 * |---|---|---|
 * | fits | yes | start |
 * | formed | no | refuse: the data is lost |
 * | none or forming | no | a first start, if the others agree (below) |
 * | none, or of another member | yes | refuse, unless an administrator adopts it |
 *
 * A crash at any point is one of these rows: etcd that has voted has its log on the disk.
 *
 * A first start with `--initial-cluster-state=new` needs every other member in sight and empty as well, so that a wiped
 * member never gets to form with one that was merely off. Until etcd runs they see each other by a small responder on
 * a port of its own. Two looks in a row must agree: etcd 3.5 forgets its cluster version for an instant while it starts. A member
 * that comes late finds itself listed as one that never started, and joins. With `existing` that is the only way in.
 *
 * @see https://etcd.io/docs/v3.6/op-guide/recovery/
 */
export const ETCD_GUARD_SCRIPT: string = `#!/bin/sh
# Keelway: decides whether this etcd member may start, then becomes etcd.
#   etcd-guard PROGRAM FLAG...     PROGRAM is etcd, the flags are its own
#   etcd-guard --formed DIRECTORY  notes in the marker that the member has joined
#   etcd-guard --report            repeats the last refusal on the console
# Exit code ${GUARD_REFUSAL}: refused for good. 75: not now, try again.
set -eu
export LC_ALL=C
umask 077

refusal=\${RUNTIME_DIRECTORY:-/run/etcd}/refusal

say() {
  echo "keelway-etcd-guard: $*" >&2
}

# refuse CODE TEXT
refuse() {
  say "REFUSED: $2"
  echo "keelway-etcd-guard: $(uname -n): REFUSED: $2" >"$refusal" || :
  stop_responder
  exit "$1"
}

# write_marker DIRECTORY TOKEN NAME STATE: whole or not at all, and on the disk before it returns
write_marker() {
  printf 'cluster-token=%s\\nmember-name=%s\\nstate=%s\\n' "$2" "$3" "$4" >"$1/${MEMBER_MARKER}.new"
  sync "$1/${MEMBER_MARKER}.new"
  mv -f "$1/${MEMBER_MARKER}.new" "$1/${MEMBER_MARKER}"
  sync "$1"
}

# marker_field DIRECTORY FIELD
marker_field() {
  sed -n "s/^$2=//p" "$1/${MEMBER_MARKER}" 2>/dev/null || :
}

case \${1:-} in
  --report)
    if [ -s "$refusal" ]; then cat "$refusal" >/dev/console; fi
    exit 0
    ;;
  --formed)
    if [ "$(marker_field "$2" state)" != formed ]; then
      write_marker "$2" "$(marker_field "$2" cluster-token)" "$(marker_field "$2" member-name)" formed
    fi
    exit 0
    ;;
esac

rm -f "$refusal"
responder=

for flag; do
  value=\${flag#*=}
  case $flag in
    --name=*) name=$value ;;
    --data-dir=*) data=$value ;;
    --initial-cluster=*) cluster=$value ;;
    --initial-cluster-state=*) state=$value ;;
    --initial-cluster-token=*) token=$value ;;
    --initial-advertise-peer-urls=*) own_url=$value ;;
    --peer-cert-file=*) certificate=$value ;;
    --peer-key-file=*) key=$value ;;
    --peer-trusted-ca-file=*) authority=$value ;;
  esac
done

# A disk of its own, if it has one, and nothing that another machine can reach or that a restart empties.
check_mount() {
  [ "\${${MOUNT_CHECK_VARIABLE}:-}" != skip ] || return 0
  if [ -n "\${${DATA_DISK_VARIABLE}:-}" ]; then
    mounted=$(findmnt --noheadings --output SOURCE --mountpoint "$data" || :)
    disk=$(readlink -f "$${DATA_DISK_VARIABLE}" || :)
    [ -n "$mounted" ] || refuse 75 "the data disk is not mounted at $data; see systemctl status keelway-data-disk"
    [ "$mounted" = "$disk" ] || refuse 75 "$data is $mounted, not the data disk $disk"
  fi
  type=$(findmnt --noheadings --output FSTYPE --target "$data" || :)
  case $type in
    nfs* | cifs | smb* | ceph | gluster* | lustre | ocfs2 | gfs2 | afs | 9p | virtiofs | fuse*)
      refuse ${GUARD_REFUSAL} "$data is on $type, which other machines share; etcd needs a local disk"
      ;;
    tmpfs | ramfs | overlay)
      refuse ${GUARD_REFUSAL} "$data is on $type, which is empty after a restart; etcd needs a disk"
      ;;
  esac
}

has_data() {
  for log in "$data"/member/wal/*.wal; do
    if [ -e "$log" ]; then return 0; fi
  done
  return 1
}

# ask URL PATH: the answer of a peer, as one peer asks another. The peer port agrees to HTTP/2 and does not speak it.
ask() {
  curl --silent --fail --http1.1 --max-time 3 --cert "$certificate" --key "$key" --cacert "$authority" "$1$2" || :
}

# What a peer says about the cluster and about us: silent, empty, invited, known, stranger, or unsure.
look() {
  version=$(ask "$1" /version)
  [ -n "$version" ] || version=$(ask "\${1%:*}:${ETCD_FORMING_PORT}" /version)
  case $version in
    '') echo silent ;;
    *'"keelway":"forming"'*)
      case $version in
        *"\\"token\\":\\"$token\\""*) echo empty ;;
        *) echo stranger ;;
      esac
      ;;
    *)
      members=$(ask "$1" /members | tr '}' '\\n')
      own=$(printf '%s\\n' "$members" | grep -F "\\"$own_url\\"" || :)
      case $version in
        *'"etcdcluster":"not_decided"'*)
          case $members in
            *'"clientURLs":['*) echo unsure ;;
            *) if [ -n "$own" ]; then echo empty; else echo unsure; fi ;;
          esac
          ;;
        *)
          case $own in
            '') echo stranger ;;
            *'"clientURLs":['*) echo known ;;
            *) echo invited ;;
          esac
          ;;
      esac
      ;;
  esac
}

# While this member only waits, peers find an answer beside the port where etcd will listen. Not on it: an etcd that was
# faster has many connections to open there, and this serves one at a time.
start_responder() {
  stop_responder
  folder=\${RUNTIME_DIRECTORY:-/run/etcd}/forming
  mkdir -p "$folder"
  printf '{"keelway":"forming","token":"%s","name":"%s"}\\n' "$token" "$name" >"$folder/version"
  responder_address=\${own_url#https://}
  responder_address=\${responder_address%:*}:${ETCD_FORMING_PORT}
  (
    cd "$folder"
    exec openssl s_server -accept "$responder_address" -cert "$certificate" -key "$key" -CAfile "$authority" \\
      -Verify 3 -verify_return_error -no_tls1_2 -quiet -WWW
  ) >/dev/null 2>&1 </dev/null &
  responder=$!
  started=0
}

stop_responder() {
  if [ -n "\${responder:-}" ]; then
    kill "$responder" 2>/dev/null || :
    wait "$responder" 2>/dev/null || :
  fi
  responder=
}

# Returns when this empty member may start.
wait_for_peers() {
  trap stop_responder EXIT
  trap 'exit 143' TERM INT HUP
  agreed=0
  looks=0
  while :; do
    all_empty=yes
    invited=
    waiting=
    for member in $(echo "$cluster" | tr ',' ' '); do
      peer=\${member%%=*}
      url=\${member#*=}
      [ "$peer" != "$name" ] || continue
      verdict=$(look "$url")
      case $verdict in
        known)
          refuse ${GUARD_REFUSAL} "the disk at $data is empty, but $peer knows $name as a member that has run: its data is lost.\\
 Remove it (etcdctl member remove), add it again (etcdctl member add), and boot it with initialClusterState: existing"
          ;;
        stranger)
          if [ "$state" = new ]; then
            refuse ${GUARD_REFUSAL} "$peer belongs to a cluster that has formed without $name.\\
 Add it (etcdctl member add $name --peer-urls=$own_url --learner), and boot it with initialClusterState: existing"
          fi
          ;;
        invited) invited=yes ;;
      esac
      [ "$verdict" = empty ] || all_empty=no
      if [ "$verdict" != empty ] || [ "$state" != new ]; then waiting="$waiting $peer ($verdict)"; fi
    done
    if [ -n "$invited" ] || { [ "$state" = new ] && [ "$all_empty" = yes ]; }; then
      agreed=$((agreed + 1))
      if [ "$agreed" -ge 2 ]; then break; fi
    else
      agreed=0
      if [ $((looks % 60)) -eq 0 ]; then
        if [ "$state" = new ]; then
          say "waiting: an empty member forms a cluster only when all others are there and empty:$waiting"
        else
          say "waiting: no member of the running cluster lists $own_url as one to join:$waiting"
          case $waiting in
            *"(silent)"*)
              say "a silent member is off, or does not let this machine in: the running members need the configuration that names $name first"
              ;;
          esac
        fi
      fi
    fi
    looks=$((looks + 1))
    if [ "$state" = new ]; then
      # Anew now and then: it serves one connection at a time, and one may hang.
      if [ -z "$responder" ] || [ "$started" -ge 20 ] || ! kill -0 "$responder" 2>/dev/null; then start_responder; fi
      started=$((started + 1))
    fi
    sleep 1
  done
  stop_responder
  trap - EXIT TERM INT HUP
}

check_mount

marked=$(marker_field "$data" state)
if [ -n "$marked" ]; then
  owner="$(marker_field "$data" member-name) of the cluster with the token $(marker_field "$data" cluster-token)"
  [ "$owner" = "$name of the cluster with the token $token" ] || marked=foreign
fi

if has_data; then
  if [ -e "$data/${ADOPT_FILE}" ]; then
    say "adopting the data in $data, as ${ADOPT_FILE} asks"
    write_marker "$data" "$token" "$name" forming
    rm "$data/${ADOPT_FILE}"
  elif [ -z "$marked" ]; then
    refuse ${GUARD_REFUSAL} "$data holds etcd data of an unknown member (no ${MEMBER_MARKER}).\\
 If it is the data of $name, restored for instance: touch $data/${ADOPT_FILE}"
  elif [ "$marked" = foreign ]; then
    refuse ${GUARD_REFUSAL} "$data holds the data of $owner; this is $name with the token $token.\\
 Boot it with its own disk. If this data shall be its own from now on: touch $data/${ADOPT_FILE}"
  fi
else
  case $marked in
    foreign)
      refuse ${GUARD_REFUSAL} "$data belongs to $owner; this is $name with the token $token.\\
 Boot it with its own disk, or with an empty one"
      ;;
    formed)
      # Added anew, and meant to start empty: the marker speaks of the member that was removed.
      case $state$cluster in
        existing*) ;;
        new*,*)
          refuse ${GUARD_REFUSAL} "$data has lost the data of $name. Remove the member (etcdctl member remove),\\
 add it again (etcdctl member add), and boot it with initialClusterState: existing"
          ;;
        *)
          refuse ${GUARD_REFUSAL} "$data has lost the data of $name, the only member. Restore a snapshot (etcdutl snapshot restore),\\
 or begin anew with nothing: rm $data/${MEMBER_MARKER}"
          ;;
      esac
      ;;
  esac
  wait_for_peers
  write_marker "$data" "$token" "$name" forming
fi

exec "$@"
`;
