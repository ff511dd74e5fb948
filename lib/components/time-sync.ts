import { timeDaemon } from '../model/programs.ts';
import type { PkiBundle } from '../pki/pki-bundle.ts';
import type { MachineContext, MachinePart, PlannedUnit } from '../plan/machine-plan.ts';
import { unitFile } from '../render/systemd.ts';
import { rootDirectory } from './control-plane-files.ts';
import { oneshotScript, plainFile, SEED_UNIT, scriptFile, TARGET, TIME_SYNC_UNIT } from './product-unit.ts';
import { timeSyncScript } from './time-sync-script.ts';

const SCRIPT = 'time-sync';
const CHRONY_STATE = '/var/lib/chrony';

/** Differences between the distributions' packages of chrony. */
const CHRONY = {
  debian: { config: '/etc/chrony/chrony.conf', unit: 'chrony.service', drift: `${CHRONY_STATE}/chrony.drift` },
  'fedora-coreos': { config: '/etc/chrony.conf', unit: 'chronyd.service', drift: `${CHRONY_STATE}/drift` },
} as const;

/**
 * The time servers of the cluster for the OS's time daemon, and `keelway-time-sync.service`, the gate behind which
 * everything else waits: certificates are refused, and etcd complains, when clocks are wrong.
 *
 * @see https://chrony-project.org/doc/latest/chrony.conf.html
 * @see https://www.freedesktop.org/software/systemd/man/latest/timesyncd.conf.html
 */
export function timeSync(context: MachineContext): MachinePart {
  const daemon = timeDaemon(context.machine.os) === 'chrony' ? chrony(context) : timesyncd(context);
  return {
    directories: daemon.directories,
    files: [
      daemon.config,
      scriptFile(
        SCRIPT,
        timeSyncScript({
          floorSeconds: clockFloorSeconds(context),
          runsCommand: `systemctl is-active ${daemon.unit}`,
          waitCommand: daemon.waitCommand,
          clockFile: daemon.clockFile,
          hasServers: context.cluster.network.timeServers.length > 0,
        }),
      ),
    ],
    units: [osUnit(daemon.unit), gate(daemon.unit)],
  };
}

/**
 * The moment before which something that the machine holds is not valid yet: the creation of the bundle, or the start of
 * its newest certificate.
 *
 * @returns Unix seconds.
 */
export function clockFloorSeconds({ machine, pki }: { machine: { name: string }; pki: PkiBundle }): number {
  let floor = pki.createdSeconds;
  for (const [id, leaf] of pki.leaves) {
    if (id.startsWith(`${machine.name}/`)) floor = Math.max(floor, leaf.notBeforeSeconds);
  }
  return floor;
}

interface TimeDaemon {
  readonly unit: string;
  readonly config: ReturnType<typeof plainFile>;
  readonly directories: NonNullable<MachinePart['directories']>;
  readonly clockFile: string;
  readonly waitCommand: (tries: number) => string;
}

function chrony({ cluster, machine }: MachineContext): TimeDaemon {
  const { config, unit, drift } = CHRONY[machine.os === 'fedora-coreos' ? 'fedora-coreos' : 'debian'];
  const lines = [
    ...cluster.network.timeServers.map((server) => `server ${server} iburst`),
    `driftfile ${drift}`,
    // Step at the start, however far the clock is off; later only slew.
    'makestep 1.0 3',
    'rtcsync',
    // Nobody asks this machine for the time, and chronyc uses the local socket.
    'port 0',
    'cmdport 0',
  ];
  return {
    unit,
    config: plainFile(config, `${lines.join('\n')}\n`),
    directories: machine.os === 'fedora-coreos' ? [] : [rootDirectory('/etc/chrony', 0o755)],
    clockFile: drift,
    waitCommand: (tries) => `chronyc -n waitsync ${tries} 0 0 2`,
  };
}

function timesyncd({ cluster }: MachineContext): TimeDaemon {
  const servers = cluster.network.timeServers.join(' ');
  return {
    unit: 'systemd-timesyncd.service',
    config: plainFile(
      '/etc/systemd/timesyncd.conf.d/10-keelway.conf',
      unitFile({
        Time:
          servers === ''
            ? []
            : [
                ['NTP', servers],
                ['FallbackNTP', ''],
              ],
      }) || '[Time]\n',
    ),
    directories: [rootDirectory('/etc/systemd/timesyncd.conf.d', 0o755)],
    clockFile: '/var/lib/systemd/timesync/clock',
    waitCommand: (tries) =>
      `timeout ${tries * 2} sh -c 'until [ -e /run/systemd/timesync/synchronized ]; do sleep 2; done'`,
  };
}

function osUnit(name: string): PlannedUnit {
  return { name, contents: null, enabled: true, masked: false, dropIns: [] };
}

function gate(daemon: string): PlannedUnit {
  return {
    name: TIME_SYNC_UNIT,
    enabled: true,
    masked: false,
    dropIns: [],
    contents: unitFile({
      Unit: [
        ['Description', 'Keelway: wait for a clock that certificates can be checked with'],
        ['Requires', SEED_UNIT],
        ['Wants', daemon],
        ['After', `multi-user.target ${SEED_UNIT} ${daemon}`],
        ['PartOf', TARGET],
      ],
      Service: [
        ...oneshotScript(SCRIPT),
        ['TimeoutStartSec', 'infinity'],
        ['StandardOutput', 'journal+console'],
        ['StandardError', 'journal+console'],
      ],
      Install: [['WantedBy', TARGET]],
    }),
  };
}
