import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../lib/model/cluster.ts';
import type { OperatingSystem } from '../../../lib/model/machine.ts';
import type { MachinePlan } from '../../../lib/plan/machine-plan.ts';
import { planCluster } from '../../../lib/plan/plan-cluster.ts';
import { onMachine } from '../components/machine-root.ts';
import { fakePki, LOCKED_ASSETS, referenceCluster, testInputs, testMachine } from './reference-cluster.ts';

function stacked(): Cluster {
  const cluster = referenceCluster();
  const disk = { serial: 'DISK' };
  return {
    ...cluster,
    etcd: { ...cluster.etcd, topology: 'stacked' },
    machines: [testMachine('cp-1', 'control-plane', '10.0.0.11', { runsEtcd: true, dataDisk: disk })],
  };
}

function plans(cluster: Cluster): readonly MachinePlan[] {
  return planCluster(cluster, fakePki(cluster), testInputs({ assets: LOCKED_ASSETS })).machines;
}

/** Enables what the plan enables, makes stand-ins for programs that come from elsewhere, and asks systemd. */
function script(plan: MachinePlan): string {
  const text = plan.units.map(({ contents }) => contents ?? '').join('\n');
  const programs = new Set(text.match(/(?<=^Exec\w+=[-@:+!]*)\/\S+/gm) ?? []);
  const ours = plan.units.filter(({ contents, masked }) => contents !== null && !masked);
  return `
set -e
for program in ${Array.from(programs).join(' ')}; do
  [ -e $program ] || { mkdir -p "\${program%/*}"; printf '#!/bin/sh\\n' >$program; chmod 0755 $program; }
done
for user in ${plan.users.map(({ name }) => name).join(' ')}; do
  id $user >/dev/null 2>&1 || useradd --system $user
done
# What the distribution's packages enable, and cloud-init, which its generator starts.
systemctl preset-all --quiet 2>/dev/null
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -sf /usr/lib/systemd/system/cloud-init.target /etc/systemd/system/multi-user.target.wants/
systemctl enable --quiet ${ours
    .filter(({ enabled }) => enabled)
    .map(({ name }) => name)
    .join(' ')}
systemd-analyze verify --man=no --recursive-errors=no ${ours.map(({ name }) => `/etc/systemd/system/${name}`).join(' ')}
systemd-analyze verify --man=no multi-user.target
`;
}

const CLUSTERS: [string, Cluster][] = [
  ...(['debian', 'ubuntu', 'flatcar', 'fedora-coreos'] as OperatingSystem[]).map((os): [string, Cluster] => [
    os,
    referenceCluster({}, os),
  ]),
  ['stacked', stacked()],
];

describe.concurrent.each(CLUSTERS)('the units of a cluster of %s', (_, cluster) => {
  const checked = plans(cluster).filter(({ hostname }) => hostname.endsWith('-1'));

  it.each(checked.map((plan) => [plan.hostname, plan] as const))(
    '%s: systemd finds no fault and no circle',
    async (_, plan) => {
      const { exitCode, stdout, stderr } = await onMachine([plan], script(plan));
      expect(stderr).toBe('');
      expect(stdout).toBe('');
      expect(exitCode).toBe(0);
    },
  );
});

describe('every unit', () => {
  const units = CLUSTERS.flatMap(([, cluster]) => plans(cluster)).flatMap((plan) => plan.units);
  const ours = units.filter(({ contents, masked }) => contents !== null && !masked);

  it('needs the seed check', () => {
    for (const { name, contents } of ours) {
      if (['keelway.target', 'keelway-seed.service'].includes(name) || /\.(timer|mount)$/.test(name)) continue;
      expect(contents, name).toMatch(/^Requires=(.* )?keelway-seed\.service( |$)|^Requisite=etcd\.service$/m);
    }
  });
});
