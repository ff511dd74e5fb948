import { describe, expect, it } from 'vitest';
import { wipe } from '../../../lib/components/wipe.ts';
import type { OperatingSystem } from '../../../lib/model/machine.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const RUN = 'sh /etc/keelway/bin/wipe';

function partOf(os: OperatingSystem) {
  return wipe(testContext('cp-1', referenceCluster({}, os)));
}

const SEED = `
mkdir -p /var/lib/cloud/seed/nocloud
printf '#cloud-config\\nwrite_files:\\n- {path: /made, content: T0PSECRET}\\n' >/var/lib/cloud/seed/nocloud/user-data
printf 'instance-id: one\\n' >/var/lib/cloud/seed/nocloud/meta-data
printf 'datasource_list: [NoCloud, None]\\n' >/etc/cloud/cloud.cfg.d/90-test.cfg
`;

describe('on cloud-init machines', () => {
  it('leaves no copy of the seed that the real cloud-init made, and turns it off', async () => {
    const { stdout } = await onMachine(
      [partOf('debian')],
      `${SEED}
cloud-init init --local >/dev/null 2>&1; cloud-init init >/dev/null 2>&1
echo "before $(grep -rlE 'T0PSECRET|VDBQU0VDUkVU' /var /run 2>/dev/null | wc -l) $(cat /made)"
${RUN}
echo "after $(grep -rlE 'T0PSECRET|VDBQU0VDUkVU' /var /run 2>/dev/null | wc -l) $(cat /made)"
ls /etc/cloud/cloud-init.disabled`,
    );
    expect(stdout).toMatch(/^before [3-9]\d* T0PSECRET$/m);
    expect(stdout).toMatch(/^after 0 T0PSECRET$/m);
    expect(stdout).toContain('/etc/cloud/cloud-init.disabled');
  });

  it('lets cloud-init clean, which asks for a new configuration, turn it on again and apply the next seed', async () => {
    const { stdout } = await onMachine(
      [partOf('ubuntu')],
      `${SEED}
cloud-init init --local >/dev/null 2>&1; cloud-init init >/dev/null 2>&1
${RUN} >/dev/null
cloud-init clean
ls /etc/cloud/cloud-init.disabled 2>&1 | grep -c 'No such file'
${SEED.replace('T0PSECRET', 'second').replace('instance-id: one', 'instance-id: two')}
cloud-init init --local >/dev/null 2>&1; cloud-init init >/dev/null 2>&1
cat /made`,
    );
    expect(stdout.trim()).toBe('1\nsecond');
  });

  it('does nothing the second time, and passes without cloud-init', async () => {
    const { exitCode } = await onMachine([partOf('debian')], `rm -rf /var/lib/cloud; ${RUN} && ${RUN}`);
    expect(exitCode).toBe(0);
  });
});

describe('on Ignition machines', () => {
  it('removes the copies of the running system', async () => {
    const { exitCode, stdout } = await onMachine(
      [partOf('flatcar')],
      `mkdir -p /oem /usr/share/oem; echo secret | tee /run/ignition.json /oem/config.ign >/usr/share/oem/config.ign
${RUN}; grep -rl secret /run /oem /usr/share/oem; echo left nothing`,
    );
    expect(stdout).toMatch(/removed\nleft nothing\n$/);
    expect(exitCode).toBe(0);
  });

  it('leaves cloud-init’s files alone', () => {
    const part = partOf('fedora-coreos');
    expect(part.files?.map(({ path }) => path)).toEqual(['/etc/keelway/bin/wipe']);
    expect(part.files?.[0]?.contents).not.toContain('/oem');
  });
});

describe('the unit', () => {
  it('runs only when the seed was verified, after everything that reads it', () => {
    const unit = partOf('debian').units?.[0]?.contents ?? '';
    expect(unit).toMatch(/^Requires=keelway-seed\.service$/m);
    expect(unit).toMatch(/^After=.*cloud-final\.service/m);
  });
});
