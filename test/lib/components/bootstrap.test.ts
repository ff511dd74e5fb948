import { describe, expect, it } from 'vitest';
import { bootstrap, controlPlaneNodeLabels } from '../../../lib/components/bootstrap.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';

const part = bootstrap(testContext('cp-1'));
const unit = (name: string) => part.units?.find((each) => each.name === name);

describe('bootstrap', () => {
  it('is a script that root may run, its objects and two units', () => {
    expect(part.files?.map(({ path, mode }) => [path, mode.toString(8)])).toEqual([
      ['/etc/keelway/bootstrap/objects.yaml', '644'],
      ['/etc/keelway/bin/bootstrap', '755'],
    ]);
    expect(part.files?.every(({ secret }) => !secret)).toBe(true);
    expect(part.units?.map(({ name, enabled }) => [name, enabled])).toEqual([
      ['keelway-bootstrap.service', false],
      ['keelway-bootstrap.timer', true],
    ]);
  });

  it('does not hold up the boot: the target wants the timer, which starts the service', () => {
    expect(unit('keelway-bootstrap.timer')?.contents).toContain('WantedBy=keelway.target');
    expect(unit('keelway-bootstrap.service')?.contents).not.toContain('WantedBy');
  });

  it.each([
    'Requires=keelway-seed.service',
    'After=keelway-seed.service keelway-time-sync.service kubelet.service',
    'PartOf=keelway.target',
    'Restart=on-failure',
    'StartLimitIntervalSec=0',
    'RuntimeDirectoryMode=0700',
    'UMask=0077',
    'ProtectSystem=strict',
    'ExecStopPost=/bin/rm -rf /run/keelway/bootstrap/credential',
  ])('the service has %s', (line) => {
    expect(unit('keelway-bootstrap.service')?.contents?.split('\n')).toContain(line);
  });

  it('calls kubectl where the OS has it', () => {
    const script = (name: string, os: 'debian' | 'flatcar') =>
      bootstrap(testContext(name, referenceCluster({}, os))).files?.find(({ path }) => path.endsWith('/bootstrap'))
        ?.contents;
    expect(script('cp-1', 'debian')).toContain('kubectl=/usr/local/bin/kubectl\n');
    expect(script('cp-1', 'flatcar')).toContain('kubectl=/opt/bin/kubectl\n');
    expect(script('cp-3', 'debian')).toContain('machine=cp-3\n');
  });

  it('is not there with an offline node-signer', () => {
    const cluster = referenceCluster();
    expect(bootstrap(testContext('cp-1', { ...cluster, pki: { ...cluster.pki, nodeSigner: 'offline' } }))).toEqual({});
  });
});

describe('controlPlaneNodeLabels', () => {
  it('keeps outside load balancers away unless ordinary pods may run there', () => {
    const cluster = referenceCluster();
    const schedulable = { ...cluster, controlPlane: { ...cluster.controlPlane, schedulable: true } };
    expect(controlPlaneNodeLabels(schedulable)).toEqual(['node-role.kubernetes.io/control-plane']);
    expect(controlPlaneNodeLabels(cluster)).toEqual([
      'node-role.kubernetes.io/control-plane',
      'node.kubernetes.io/exclude-from-external-load-balancers',
    ]);
  });
});
