import { programPath } from '../model/programs.ts';
import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { unitFile } from '../render/systemd.ts';
import { ETCD_UNIT, ETCDCTL_ENVIRONMENT } from './etcd.ts';
import { SCRIPT_DIRECTORY, scriptFile, TARGET } from './product-unit.ts';

const SERVICE = 'keelway-etcd-snapshot.service';
const TIMER = 'keelway-etcd-snapshot.timer';
const SCRIPT = 'etcd-snapshot';

/** How many snapshots stay on the data disk: a day of them. */
const KEPT = 4;

/**
 * A verified snapshot of the member on its own data disk every six hours, the last four kept.
 *
 * It is for mistakes of people and programs, and to be fetched from; a lost disk takes it along, so it is no backup by
 * itself. It never takes more than half of the free space; where that is not enough, older ones go first, but never the
 * newest.
 *
 * @see https://etcd.io/docs/v3.6/op-guide/recovery/
 */
export function etcdSnapshot({ cluster, machine }: MachineContext): MachinePart {
  const { dataDirectory } = cluster.etcd;
  const script = snapshotScript({
    dataDirectory,
    etcdctl: programPath(machine.os, 'etcdctl'),
    etcdutl: programPath(machine.os, 'etcdutl'),
  });
  return {
    files: [scriptFile(SCRIPT, script)],
    units: [
      {
        name: SERVICE,
        // The timer starts it.
        enabled: false,
        masked: false,
        dropIns: [],
        contents: unitFile({
          Unit: [
            ['Description', 'Keelway: snapshot of the etcd member'],
            ['Requisite', ETCD_UNIT],
            ['After', ETCD_UNIT],
            ['RequiresMountsFor', dataDirectory],
          ],
          Service: [
            ['Type', 'oneshot'],
            ['User', 'etcd'],
            ['Group', 'etcd'],
            ['UMask', '0077'],
            ['EnvironmentFile', ETCDCTL_ENVIRONMENT],
            ['ExecStart', `/bin/sh ${SCRIPT_DIRECTORY}/${SCRIPT}`],
            ['TimeoutStartSec', '30min'],
            ['Nice', 10],
            ['IOSchedulingClass', 'idle'],
            ['NoNewPrivileges', 'yes'],
            ['ProtectSystem', 'strict'],
            ['ReadWritePaths', dataDirectory],
            ['ProtectHome', 'yes'],
            ['PrivateTmp', 'yes'],
          ],
        }),
      },
      {
        name: TIMER,
        enabled: true,
        masked: false,
        dropIns: [],
        contents: unitFile({
          Unit: [
            ['Description', 'Keelway: snapshots of the etcd member, every six hours'],
            ['PartOf', TARGET],
          ],
          Timer: [
            ['OnCalendar', '00/6:00'],
            // Not all members at once.
            ['RandomizedDelaySec', '1h'],
            ['FixedRandomDelay', 'yes'],
          ],
          Install: [['WantedBy', TARGET]],
        }),
      },
    ],
  };
}

interface SnapshotPaths {
  readonly dataDirectory: string;
  readonly etcdctl: string;
  readonly etcdutl: string;
}

function snapshotScript({ dataDirectory, etcdctl, etcdutl }: SnapshotPaths): string {
  return `#!/bin/sh
# Keelway: removes the oldest snapshots, takes one of this etcd member, and verifies it.
set -eu
export LC_ALL=C
folder=${dataDirectory}/keelway-snapshots
mkdir -p "$folder"
rm -f "$folder"/*.part

# Oldest first, without the newest COUNT.
older_than() {
  find "$folder" -maxdepth 1 -name '*.db' | sort | head -n "-$1"
}

free() {
  df --block-size=1 --output=avail "$folder" | tail -n 1
}

# First, or old snapshots that fill the disk would keep the new one out for ever.
older_than ${KEPT - 1} | xargs -r rm --
size=$(stat --format=%s ${dataDirectory}/member/snap/db)
spare=0
for old in $(older_than 1); do
  spare=$((spare + $(stat --format=%s "$old")))
done
if [ $((size * 2)) -gt $(($(free) + spare)) ]; then
  echo "keelway-etcd-snapshot: no room: the database has $size bytes, $(free) are free" >&2
  exit 1
fi
for old in $(older_than 1); do
  [ $((size * 2)) -gt "$(free)" ] || break
  echo "keelway-etcd-snapshot: removing $old to make room" >&2
  rm -- "$old"
done

name=$folder/$(date -u +%Y%m%dT%H%M%SZ).db
${etcdctl} snapshot save "$name.part"
${etcdutl} snapshot status "$name.part"
mv "$name.part" "$name"
sync "$folder"
`;
}
