import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCluster } from '../../../../lib/build/load-cluster.ts';
import type { LabInput } from '../../../../lib/lab/machine-plans.ts';
import { labMachines } from '../../../../lib/lab/machine-plans.ts';
import { prepareLab } from '../../../../lib/lab/prepare-lab.ts';
import { readPrograms } from '../../../../lib/lab/programs/read-programs.ts';
import { wrongVersions } from '../../../../lib/lab/programs-folder.ts';
import { nodePorts } from '../../../../lib/node-ports.ts';
import { type ExampleName, exampleText } from '../../../support/clusters.ts';

let folder: string;
let ha: LabInput;
beforeAll(async () => {
  ha = await prepare('ha');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelway-programs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function prepare(example: ExampleName): Promise<LabInput> {
  const text = new TextEncoder().encode(exampleText(example));
  const at = fileURLToPath(new URL(`../../../../examples/${example}`, import.meta.url));
  return await prepareLab(loadCluster({ name: 'cluster.yaml', path: null, folder: at, text }), null, nodePorts());
}

function program(path: string, text = ''): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `#!/bin/sh\necho ${text}\n`);
  chmodSync(join(folder, path), 0o755);
}

const inBin = ({ cluster, machines }: LabInput): readonly string[] =>
  readPrograms(folder, cluster, machines)
    .missing.map(({ part }) => part)
    .filter((part) => part.startsWith('bin/'));

describe('readPrograms', () => {
  it('says everything that is missing for the programs of the control plane, and nothing of whole machines', () => {
    expect(inBin(ha).toSorted()).toEqual([
      'bin/etcd',
      'bin/etcdctl',
      'bin/etcdutl',
      'bin/kube-apiserver',
      'bin/kube-controller-manager',
      'bin/kube-scheduler',
      'bin/kube-vip',
      'bin/kubectl',
    ]);
    const { missing } = readPrograms(folder, ha.cluster, ha.machines);
    expect(missing).toContainEqual({
      part: 'bin/kube-vip',
      hint: 'kube-vip 1.2.4, statically linked, for linux/amd64',
    });
    expect(missing.map(({ part }) => part)).toContain('root/usr/sbin/bird');
    expect(missing.filter(({ part }) => /cni|images|nspawn|cloud-init|runc/.test(part))).toEqual([]);
  });

  it('needs no kube-vip without a virtual IP', async () => {
    expect(inBin(await prepare('single'))).not.toContain('bin/kube-vip');
  });

  it('puts programs of images where no machine would look for them', () => {
    program('bin/kubectl');
    program('bin/kube-scheduler');
    expect(readPrograms(folder, ha.cluster, ha.machines).programs.programs).toEqual({
      '/usr/local/bin/kubectl': join(folder, 'bin/kubectl'),
      '/usr/share/keelway-lab/images/kube-scheduler': join(folder, 'bin/kube-scheduler'),
    });
  });

  it('goes with programs of the versions that the cluster names', async () => {
    program('bin/kube-apiserver', 'Kubernetes v1.35.2');
    program('bin/etcd', 'etcd Version: 3.6.16');
    program('bin/kubelet', 'Kubernetes v1.30.0');
    expect(await wrongVersions(folder, ha.cluster, nodePorts().exec, 'programs')).toEqual([
      { part: 'bin/kube-apiserver 1.36.4', hint: 'the one that is there is 1.35.2' },
    ]);
  });
});

describe('labMachines of a lab of programs', () => {
  it('have their address and gateway from the start, and nothing of a system', () => {
    const { programs } = readPrograms(folder, ha.cluster, ha.machines);
    const machines = labMachines(ha, programs, 'programs');
    const cp1 = machines.find(({ name }) => name === 'cp-1');
    expect(cp1).toMatchObject({ kind: 'programs', role: 'control-plane', gateway: '10.0.0.1', seed: [], images: [] });
    expect(cp1?.cables.map(({ address }) => address)).toEqual(['10.0.0.11/24']);
    expect(machines.map(({ name }) => name)).toEqual(labMachines(ha, programs).map(({ name }) => name));
  });
});
