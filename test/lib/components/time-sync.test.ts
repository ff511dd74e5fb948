import { describe, expect, it } from 'vitest';
import { clockFloorSeconds, timeSync } from '../../../lib/components/time-sync.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import type { OperatingSystem } from '../../../lib/model/machine.ts';
import { CREATED_SECONDS, referenceCluster, testContext } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const cluster = referenceCluster();

function withTimeServers(timeServers: readonly string[], os: OperatingSystem = 'debian'): Cluster {
  const base = referenceCluster({}, os);
  return { ...base, network: { ...base.network, timeServers } };
}

/**
 * Stands in for the clock, the time daemon and the passing of time: `date` shows and sets /clock, and every sleep runs
 * /later. The real clock is out of reach.
 */
const FAKES = `
cat >/usr/local/bin/date <<'END'
#!/bin/sh
case $* in
  +%s) cat /clock ;;
  '-u +%FT%TZ') /usr/bin/date -u -d "@$(cat /clock)" +%FT%TZ ;;
  '-u -s @'*) [ ! -e /stuck ] && echo "\${3#@}" >/clock ;;
  *) exec /usr/bin/date "$@" ;;
esac
END
cat >/usr/local/bin/sleep <<'END'
#!/bin/sh
echo slept >>/slept
[ ! -e /later ] || . /later
[ "$(wc -l </slept)" -lt 20 ] || kill -TERM "$PPID"
END
cat >/usr/local/bin/chronyc <<'END'
#!/bin/sh
echo "chronyc $*"
echo "$*" >>/asked
[ -e /synchronised ]
END
cat >/usr/local/bin/systemctl <<'END'
#!/bin/sh
[ "$1" = is-active ] && [ ! -e /no-daemon ]
END
chmod 0755 /usr/local/bin/*
`;

const BEFORE = `echo ${CREATED_SECONDS - 86_400 * 365} >/clock`;
const AFTER = `echo ${CREATED_SECONDS + 86_400} >/clock`;
const RUN = `setpriv --bounding-set -sys_time sh /etc/keelway/bin/time-sync; echo "rc $? at $(cat /clock)"`;

async function run(script: string, of: Cluster = cluster): Promise<string> {
  const { stdout, stderr } = await onMachine([timeSync(testContext('cp-1', of))], `${FAKES}\n${script}\n${RUN}`);
  return stdout + stderr;
}

describe('the gate', () => {
  it('opens at once when a server has set the clock', async () => {
    const output = await run(`${AFTER}; touch /synchronised`);
    expect(output).toContain(`rc 0 at ${CREATED_SECONDS + 86_400}`);
    expect(output).not.toContain('WARNING');
  });

  it('opens with a warning when no server answers but the clock is past the floor', async () => {
    const output = await run(AFTER);
    expect(output).toContain('WARNING: no time server answers; going on with 2026-11-');
    expect(output).toContain('rc 0');
  });

  it('waits half a minute for the servers', async () => {
    expect(await run(`${AFTER}; touch /synchronised; trap 'cat /asked' EXIT`)).toContain('-n waitsync 15 0 0 2');
  });

  it('waits for no server when the time daemon does not run', async () => {
    const output = await run(`${AFTER}; touch /no-daemon; trap 'ls /asked' EXIT`);
    expect(output).toContain("cannot access '/asked'");
    expect(output).toContain('rc 0');
  });

  it('puts a clock that stands in the past on the floor, and opens', async () => {
    const output = await run(BEFORE);
    expect(output).toContain('WARNING: the clock shows 2025-');
    expect(output).toContain(`rc 0 at ${CREATED_SECONDS}`);
  });

  it('knows a later floor from the file that the time daemon touches', async () => {
    const seen = CREATED_SECONDS + 86_400 * 30;
    const output = await run(`${AFTER}; mkdir -p /var/lib/chrony; touch -d @${seen} /var/lib/chrony/chrony.drift`);
    expect(output).toContain(`rc 0 at ${seen}`);
  });

  it('stays shut when the clock cannot be set, says so, and opens when a server sets it', async () => {
    const output = await run(`${BEFORE}; touch /stuck
echo '[ "$(wc -l </slept)" -lt 3 ] || { ${AFTER}; touch /synchronised; }' >/later`);
    expect(output).toContain('the clock cannot be set');
    expect(output.match(/WAITING: the clock shows 2025-/g)).toHaveLength(3);
    expect(output).toContain('rc 0');
  });

  it('stays shut while the servers say a time at which no certificate is valid yet', async () => {
    const output = await run(`${BEFORE}; touch /stuck /synchronised`);
    expect(output.match(/WAITING: the time servers say 2025-/g)?.length).toBeGreaterThan(5);
    expect(output).not.toContain('rc 0');
  });

  it('waits for no server when the cluster names none', async () => {
    const output = await run(AFTER, withTimeServers([]));
    expect(output).toContain('WARNING: the cluster names no time servers');
    expect(output).toContain('rc 0');
  });
});

describe('clockFloorSeconds', () => {
  it('is the creation of the bundle, or the start of the machine’s newest certificate', () => {
    const context = testContext('cp-1', cluster);
    expect(clockFloorSeconds(context)).toBe(CREATED_SECONDS);
    const leaves = new Map(context.pki.leaves);
    const leaf = leaves.get('cp-1/apiserver');
    if (leaf === undefined) throw new Error('no leaf');
    leaves.set('cp-1/apiserver', { ...leaf, notBeforeSeconds: CREATED_SECONDS + 500 });
    leaves.set('cp-2/apiserver', { ...leaf, notBeforeSeconds: CREATED_SECONDS + 900 });
    expect(clockFloorSeconds({ ...context, pki: { ...context.pki, leaves } })).toBe(CREATED_SECONDS + 500);
  });
});

describe('the time daemon', () => {
  it('is given a configuration that chronyd accepts', async () => {
    const parts = [timeSync(testContext('cp-1', withTimeServers(['10.0.0.1', 'ntp.example.com'])))];
    const { exitCode, stdout, stderr } = await onMachine(parts, 'chronyd -p -f /etc/chrony/chrony.conf');
    expect(stderr).toBe('');
    expect(stdout).toContain('server 10.0.0.1 iburst\nserver ntp.example.com iburst\n');
    expect(exitCode).toBe(0);
  });

  it('is chronyd of Fedora CoreOS in its own place, and timesyncd on Flatcar', async () => {
    const paths = (os: OperatingSystem) => {
      const { files, units } = timeSync(testContext('cp-1', withTimeServers(['10.0.0.1'], os)));
      return [files?.[0]?.path, units?.[0]?.name];
    };
    expect(paths('fedora-coreos')).toEqual(['/etc/chrony.conf', 'chronyd.service']);
    expect(paths('ubuntu')).toEqual(['/etc/chrony/chrony.conf', 'chrony.service']);
    expect(paths('flatcar')).toEqual(['/etc/systemd/timesyncd.conf.d/10-keelway.conf', 'systemd-timesyncd.service']);
  });

  it('sees timesyncd’s own mark of a set clock', async () => {
    const parts = [timeSync(testContext('cp-1', withTimeServers(['10.0.0.1'], 'flatcar')))];
    const script = `${FAKES}\n${AFTER}\nmkdir -p /run/systemd/timesync; touch /run/systemd/timesync/synchronized\n${RUN}`;
    const { stdout, stderr } = await onMachine(parts, script);
    expect(stderr).toBe('');
    expect(stdout).toContain('rc 0');
  });
});
