import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveReferences } from '../../../lib/lab/archive-references.ts';
import { requireParts } from '../../../lib/lab/prerequisites.ts';
import { readProgramsFolder, wrongVersions } from '../../../lib/lab/programs-folder.ts';
import { nodePorts } from '../../../lib/node-ports.ts';
import { buildExample } from '../../harness/build-example.ts';
import { exampleCluster } from '../../support/clusters.ts';
import { oracleRoot } from '../../tools/tools.ts';

const cluster = exampleCluster('ha');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keelway-programs-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function program(path: string, text = ''): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), `#!/bin/sh\necho ${text}\n`);
  await chmod(join(folder, path), 0o755);
}

describe('readProgramsFolder', () => {
  it('says everything that is missing at once, each with how to get it', () => {
    const { missing } = readProgramsFolder(folder, cluster, []);
    const parts = missing.map(({ part }) => part);
    expect(parts).toEqual(expect.arrayContaining(['bin/kubelet', 'bin/kubectl', 'cni/bridge', 'bin/runc']));
    expect(missing.every(({ hint }) => hint.length > 10)).toBe(true);
    expect(() => requireParts([], missing, folder)).toThrow(
      expect.objectContaining({ code: 'LAB_INCOMPLETE', issues: expect.objectContaining({ length: missing.length }) }),
    );
  });

  it('knows what the units of the cluster and the lab itself run of the root', async () => {
    const { plan } = await buildExample('ha');
    const partsOf = () => readProgramsFolder(folder, cluster, plan.machines).missing.map(({ part }) => part);
    const inRoot = partsOf().filter((part) => part.startsWith('root/'));
    const systemd = ['systemd', 'systemd-networkd', 'system/chrony.service', 'system/systemd-networkd.service'];
    expect(inRoot).toEqual(
      expect.arrayContaining([
        ...systemd.map((name) => `root/usr/lib/systemd/${name}`),
        ...['bird', 'birdc', 'chronyd', 'haproxy', 'nft', 'useradd', 'conntrack'].map(
          (name) => `root/usr/sbin/${name}`,
        ),
        ...['cloud-init', 'socat'].map((name) => `root/usr/bin/${name}`),
      ]),
    );
    expect(inRoot.filter((part) => part.includes('/usr/local/') || part.includes('/etc/'))).toEqual([]);
    for (const part of inRoot) await program(part);
    expect(partsOf().filter((part) => part.startsWith('root/'))).toEqual([]);
  });

  it('asks the root of the tests for nothing that it does not have', async () => {
    const { plan } = await buildExample('ha');
    await symlink(oracleRoot(), join(folder, 'root'));
    const { missing } = readProgramsFolder(folder, cluster, plan.machines);
    expect(missing.map(({ part }) => part).filter((part) => part.startsWith('root/'))).toEqual([]);
  });

  it('takes containerd from bin, else from the root', async () => {
    await program('root/usr/bin/containerd');
    const inRoot = readProgramsFolder(folder, cluster, []).programs.programs['/usr/local/bin/containerd'];
    expect(inRoot).toBe(join(folder, 'root/usr/bin/containerd'));
    await program('bin/containerd');
    const own = readProgramsFolder(folder, cluster, []).programs.programs['/usr/local/bin/containerd'];
    expect(own).toBe(join(folder, 'bin/containerd'));
  });

  it('does not start with programs of another version', async () => {
    await program('bin/kubelet', 'Kubernetes v1.35.2');
    await program('bin/etcd', 'etcd Version: 3.6.16');
    expect(await wrongVersions(folder, cluster, nodePorts().exec)).toEqual([
      { part: 'bin/kubelet 1.36.4', hint: 'the one that is there is 1.35.2' },
    ]);
  });
});

describe('archiveReferences', () => {
  it('finds nothing in what is no archive', async () => {
    await writeFile(join(folder, 'text.tar'), 'this is not a tar archive'.repeat(100));
    expect(archiveReferences(join(folder, 'text.tar'))).toEqual([]);
    await writeFile(join(folder, 'empty.tar'), '');
    expect(archiveReferences(join(folder, 'empty.tar'))).toEqual([]);
  });
});
