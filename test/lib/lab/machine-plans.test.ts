import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadedCluster, loadCluster } from '../../../lib/build/load-cluster.ts';
import type { LabMachine } from '../../../lib/lab/lab-plan.ts';
import { type LabInput, labMachines } from '../../../lib/lab/machine-plans.ts';
import { OVERLAY } from '../../../lib/lab/overlay.ts';
import { prepareLab } from '../../../lib/lab/prepare-lab.ts';
import type { ProgramsFolder } from '../../../lib/lab/programs-folder.ts';
import { nodePorts } from '../../../lib/node-ports.ts';
import { unitFiles } from '../../../lib/render/unit-files.ts';
import { type ExampleName, exampleText } from '../../support/clusters.ts';
import { inRoot } from '../../tools/tools.ts';

const IMAGES: ProgramsFolder = {
  root: '/lab/root',
  programs: {},
  nspawn: '/lab/systemd-nspawn',
  images: {
    'registry.k8s.io/kube-apiserver:v1.36.4': '/lab/kubernetes.tar',
    'registry.k8s.io/kube-controller-manager:v1.36.4': '/lab/kubernetes.tar',
    'registry.k8s.io/kube-scheduler:v1.36.4': '/lab/kubernetes.tar',
    'ghcr.io/kube-vip/kube-vip:v1.2.4': '/lab/kube-vip.tar',
    'registry.k8s.io/pause:3.10.2': '/lab/pause.tar',
    'registry.k8s.io/coredns/coredns:v1.15.0': '/lab/coredns.tar',
  },
};

function loaded(text: string): LoadedCluster {
  const folder = fileURLToPath(new URL('../../../examples/ha', import.meta.url));
  return loadCluster({ name: 'cluster.yaml', path: null, folder, text: new TextEncoder().encode(text) });
}

const prepare = async (text: string): Promise<LabInput> => await prepareLab(loaded(text), null, nodePorts());

let ha: LabInput;
let machines: readonly LabMachine[];
let folder: string;
beforeAll(async () => {
  ha = await prepare(exampleText('ha'));
  machines = labMachines(ha, IMAGES);
  folder = await mkdtemp(join(tmpdir(), 'keelway-lab-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function find(name: string): LabMachine {
  const machine = machines.find((each) => each.name === name);
  if (machine === undefined) throw new Error(`no ${name}`);
  return machine;
}

describe('labMachines', () => {
  it('gives every machine of the cluster its card and its seed, and adds router, client and neighbour', () => {
    expect(machines.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      ...ha.cluster.machines.map(({ name }) => `${name} system`),
      'router plain',
      'client plain',
      'neighbour plain',
    ]);
    for (const { name, macs } of ha.cluster.machines) {
      expect(find(name).cables.map(({ mac }) => mac)).toEqual(macs);
      expect(find(name).seed.map(({ path }) => path)).toEqual(
        ['meta-data', 'network-config', 'user-data'].map((file) => `var/lib/cloud/seed/nocloud/${file}`),
      );
    }
    const ports = machines.flatMap(({ cables }) => cables.map(({ port }) => port));
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('puts the client behind the router, and the neighbour where nobody else is', () => {
    expect(find('router').cables.map((cable) => [cable.switch, cable.address])).toEqual([
      ['nodes', '10.0.0.1/24'],
      ['outside', '192.0.2.1/24'],
    ]);
    expect(find('client').gateway).toBe('192.0.2.1');
    expect(find('neighbour').cables.map(({ address }) => address)).toEqual(['10.0.0.254/24']);
    expect(find('neighbour').gateway).toBeNull();
  });

  it('needs no router where the cluster file names none', async () => {
    const text = exampleText('single').replace(/^ {4}(gateway|timeServers|nameservers):.*\n/gm, '');
    const alone = labMachines(await prepare(text), IMAGES);
    expect(alone.map(({ name }) => name)).toEqual(['node-1', 'client', 'neighbour']);
    expect(alone[1]?.cables.map((cable) => [cable.switch, cable.address])).toEqual([['nodes', '10.0.0.254/24']]);
    expect(alone[1]?.gateway).toBeNull();
  });

  it('gives each machine the images that it runs, and what else there is to those with ordinary pods', () => {
    expect(find('cp-1').images.toSorted()).toEqual(['/lab/kube-vip.tar', '/lab/kubernetes.tar', '/lab/pause.tar']);
    expect(find('worker-1').images.toSorted()).toEqual(['/lab/coredns.tar', '/lab/pause.tar']);
    expect(find('etcd-1').images).toEqual([]);
  });

  it('has a router configuration that BIRD accepts', async () => {
    const file = find('router').files.find(({ path }) => path === '/etc/bird/bird.conf');
    await writeFile(join(folder, 'bird.conf'), file?.contents ?? '');
    const { exitCode, stderr } = await inRoot('bird', ['-p', '-c', 'bird.conf'], { cwd: folder });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('has rules of the pod network that nft accepts', async () => {
    const file = find('worker-1').files.find(({ path }) => path === '/etc/keelway-lab/pods.nft');
    await writeFile(join(folder, 'pods.nft'), file?.contents ?? '');
    const { exitCode, stderr } = await inRoot('nft', ['-c', '-f', 'pods.nft'], { cwd: folder });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('refuses machines with another OS, and names each', async () => {
    const error: unknown = await prepare(exampleText('ha').replace('os: debian', 'os: ubuntu')).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'LAB_UNSUPPORTED' });
    expect((error as { issues: unknown[] }).issues).toHaveLength(8);
  });

  it('refuses an offline node-signer: nobody gives the cluster of a lab its first permissions', async () => {
    const text = exampleText('single').replace(/^spec:$/m, 'spec:\n  pki: {nodeSigner: offline}');
    const error: unknown = await prepare(text).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'LAB_UNSUPPORTED',
      hint: 'try a copy of the cluster file with nodeSigner: online',
    });
    expect((error as { issues: { path: unknown }[] }).issues).toMatchObject([{ path: ['spec', 'pki', 'nodeSigner'] }]);
  });
});

describe('the overlay', () => {
  it.each<ExampleName>(['ha', 'ha-3etcd', 'stacked', 'single'])('touches no rendered file of %s', async (example) => {
    const input = await prepare(exampleText(example));
    for (const plan of input.machines) {
      const rendered = new Set([...plan.files, ...unitFiles(plan.units)].map(({ path }) => path));
      const lab = labMachines(input, IMAGES).find(({ name }) => name === plan.machine.name);
      const own = [...(lab?.files ?? []), ...(lab?.links ?? [])].map(({ path }) => path);
      expect(own.length).toBeGreaterThan(0);
      expect(own.filter((path) => rendered.has(path))).toEqual([]);
      expect(new Set(own).size).toBe(own.length);
    }
  });

  it('gives a reason for each entry', () => {
    for (const { name, reason } of OVERLAY) expect(reason, name).toMatch(/^.{30,}[^.]$/s);
  });
});
