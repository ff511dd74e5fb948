import { describe, expect, it } from 'vitest';
import { bird } from '../../../lib/components/bird.ts';
import { birdConfig } from '../../../lib/components/bird-config.ts';
import type { BgpSettings, Cluster } from '../../../lib/model/cluster.ts';
import { inRoot } from '../../tools/tools.ts';
import { LOCKED_ASSETS, referenceCluster, testContext, testInputs, testMachine } from '../plan/reference-cluster.ts';

const FILES = { 'mesh.txt': 'm3sh!#$%&()*+/;<=>?@[]^_`{|}~\n', 'router.txt': 'upstream\n' };

function withBgp(changes: Partial<BgpSettings>, base: Cluster = referenceCluster()): Cluster {
  const { vip } = base.controlPlane;
  if (vip?.bgp == null) throw new Error('no BGP');
  return { ...base, controlPlane: { ...base.controlPlane, vip: { ...vip, bgp: { ...vip.bgp, ...changes } } } };
}

const config = (name: string, cluster: Cluster = referenceCluster()) =>
  birdConfig(testContext(name, cluster, testInputs({ files: FILES })));

/** Names of the machines and routers that a configuration has a session with. */
const neighbours = (text: string) =>
  Array.from(text.matchAll(/neighbor (\S+) as (\d+);/g), ([, address, asn]) => `${address} ${asn}`);

const manyNames: Cluster = {
  ...referenceCluster(),
  machines: [
    testMachine('cp-1', 'control-plane', '10.0.0.11'),
    testMachine('1', 'control-plane', '10.0.0.12'),
    testMachine('kernel', 'control-plane', '10.0.0.13'),
    testMachine('rack-a.row-2', 'worker', '10.0.0.31'),
  ],
};

describe('birdConfig', () => {
  it.each([
    ['a control-plane machine', 'cp-1', referenceCluster()],
    ['a worker', 'worker-1', referenceCluster()],
    [
      'a machine with passwords and a distant router',
      'cp-2',
      withBgp({
        passwordFile: 'mesh.txt',
        routers: [
          { address: '10.0.0.1', asn: 64_500, passwordFile: 'router.txt', multihop: false },
          { address: '192.0.2.9', asn: 4_200_000_000, passwordFile: null, multihop: true },
        ],
      }),
    ],
    ['a mesh without workers and routers', 'cp-3', withBgp({ workers: false, routers: [] })],
    ['odd machine names', 'cp-1', manyNames],
    ['a machine alone', 'cp-1', { ...manyNames, machines: manyNames.machines.slice(0, 1) }],
  ] as const)('of %s is what BIRD reads', async (_, name, cluster) => {
    const result = await inRoot('sh', ['-c', 'cat >/tmp/bird.conf && exec bird -p -c /tmp/bird.conf'], {
      input: config(name, cluster),
    });
    // Older versions have no word for it, so newer ones are left to assume it.
    const stderr = result.stderr.replaceAll(/^.*Missing authentication option, assuming MD5\n/gm, '');
    expect({ ...result, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('connects control-plane machines with each other, the workers and the routers', () => {
    expect(neighbours(config('cp-2'))).toEqual([
      '10.0.0.11 64512',
      '10.0.0.13 64512',
      '10.0.0.31 64512',
      '10.0.0.32 64512',
      '10.0.0.33 64512',
      '10.0.0.1 64500',
    ]);
    expect(neighbours(config('worker-2'))).toEqual(['10.0.0.11 64512', '10.0.0.12 64512', '10.0.0.13 64512']);
    expect(neighbours(config('cp-2', withBgp({ workers: false })))).toHaveLength(3);
  });

  it('lets a worker announce nothing, and nobody listens to one', () => {
    expect(config('worker-1')).not.toContain('export filter {\n      if net = VIP && source = RTS_DEVICE');
    expect(config('cp-1')).toMatch(/protocol bgp peer_worker_1 from mesh \{[^}]*import none;/s);
  });

  it('gives each session its own password, and only where there is one', () => {
    const text = config(
      'cp-1',
      withBgp({
        passwordFile: 'mesh.txt',
        routers: [
          { address: '10.0.0.1', asn: 64_500, passwordFile: 'router.txt', multihop: false },
          { address: '10.0.0.2', asn: 64_501, passwordFile: null, multihop: false },
        ],
      }),
    );
    expect(text.match(/password ".*";/g)).toEqual([`password "${FILES['mesh.txt'].trim()}";`, 'password "upstream";']);
    expect(
      config(
        'worker-1',
        withBgp({ routers: [{ address: '10.0.0.1', asn: 64_500, passwordFile: 'router.txt', multihop: false }] }),
      ),
    ).not.toContain('upstream');
  });

  it('uses the timers of the cluster file', () => {
    const text = config('cp-1', withBgp({ holdTimeSeconds: 30, keepaliveSeconds: 10 }));
    expect(text.match(/hold time 30;\n {2}keepalive time 10;/g)).toHaveLength(2);
  });
});

describe('bird', () => {
  it('is secret exactly when a password is in it, and readable for BIRD', () => {
    const file = (cluster: Cluster) => bird(testContext('cp-1', cluster, testInputs({ files: FILES }))).files?.[0];
    const readable = { path: '/etc/bird/bird.conf', owner: 'root', group: 'bird', mode: 0o640 };
    expect(file(referenceCluster())).toMatchObject({ ...readable, secret: false });
    expect(file(withBgp({ passwordFile: 'mesh.txt' }))).toMatchObject({ ...readable, secret: true });
  });

  it('runs as its own user with the network in its hands, from the package or from the locked image', () => {
    const unit = bird(testContext('cp-1')).units?.[0];
    expect(unit?.name).toBe('bird.service');
    expect(unit?.contents).toContain('User=bird');
    expect(unit?.contents).toContain('ExecStart=/usr/sbin/bird -f -c /etc/bird/bird.conf -s /run/bird/bird.ctl');
    const flatcar = referenceCluster({}, 'flatcar');
    const image = bird(testContext('worker-1', flatcar, testInputs({ assets: LOCKED_ASSETS }))).units?.[0]?.contents;
    expect(image).toMatch(/--net-host(.|\n)*keelway-bird \\\n {2}bird \\\n {2}-f/);
    expect(image).toMatch(/--cap-add \\\n {2}CAP_NET_ADMIN/);
  });
});
