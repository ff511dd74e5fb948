import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seed } from '../../../lib/components/seed.ts';
import { ALLOW_CHANGED_FILES } from '../../../lib/components/seed-script.ts';
import type { OperatingSystem } from '../../../lib/model/machine.ts';
import { unitCommands } from '../../harness/unit-commands.ts';
import { toolPath, toolPathAt } from '../../tools/tools.ts';
import { LOCKED_ASSETS, referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const DROP_IN = '/etc/kubernetes/kubelet/config.d/90-site.conf';
const V1 = 'mount -t tmpfs none /sys/fs/cgroup\n';
const V2 = 'mount -t cgroup2 none /sys/fs/cgroup\n';

interface Run {
  readonly machine?: string;
  readonly os?: OperatingSystem;
  readonly kubernetes?: string;
  /** What each program says of itself. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

const PROGRAMS = {
  kubelet: 'Kubernetes v1.36.4',
  'kube-proxy': 'Kubernetes v1.36.4',
  etcd: 'etcd Version: 3.6.16\nGit SHA: 1234\nGo Version: go1.26.8',
  containerd: 'containerd github.com/containerd/containerd/v2 v2.3.4 0123abc',
};

async function run(script: string, options: Run = {}) {
  const cluster = referenceCluster({}, options.os ?? 'debian');
  const kubernetes = options.kubernetes ?? '1.36.4';
  const context = testContext(
    options.machine ?? 'cp-1',
    { ...cluster, versions: { ...cluster.versions, kubernetes, etcd: '3.6.16' } },
    testInputs({ assets: LOCKED_ASSETS }),
  );
  const programs = Object.entries({ ...PROGRAMS, ...options.programs }).filter(([, text]) => text !== '');
  const files = Object.fromEntries(
    programs.map(([name, text]) => [`/usr/local/bin/${name}`, `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`]),
  );
  const commands = unitCommands(seed(context).units?.[0]?.contents ?? '').start;
  const preflight = commands.at(-1)?.argv.join(' ') ?? '';
  const { exitCode, stdout, stderr } = await onMachine(
    [seed(context)],
    `chmod 0755 ${Object.keys(files).join(' ')}\n${script}${preflight}`,
    { files: { ...files, ...options.files } },
  );
  expect(stdout).toBe('');
  return { exitCode, stderr };
}

const PASSED = { exitCode: 0, stderr: '' };

describe('control groups', () => {
  it('of version 2 are what every machine may have', async () => {
    expect(await run(V2)).toEqual(PASSED);
  });

  it.each(['1.35.0', '1.36.4', '1.37.2'])('of version 1 are refused with Kubernetes %s', async (kubernetes) => {
    const version = `Kubernetes v${kubernetes}`;
    const { exitCode, stderr } = await run(V1, { kubernetes, programs: { kubelet: version, 'kube-proxy': version } });
    expect(stderr).toMatch(/^keelway-preflight: REFUSED: this OS runs with cgroup v1, .*unified_cgroup_hierarchy=1/);
    expect(exitCode).toBe(1);
  });

  it.each([
    ['YAML', 'kind: KubeletConfiguration\nfailCgroupV1: false\n'],
    ['JSON', '{\n  "kind": "KubeletConfiguration",\n  "failCgroupV1": false\n}\n'],
  ])('of version 1 are let pass where the kubelet is told so in %s', async (_, contents) => {
    expect(await run(V1, { files: { [DROP_IN]: contents } })).toEqual(PASSED);
    expect((await run(V1, { files: { [DROP_IN]: contents.replace('false', 'true') } })).exitCode).toBe(1);
  });

  it('do not matter on an etcd machine', async () => {
    expect(await run(V1, { machine: 'etcd-1' })).toEqual(PASSED);
  });

  it('of version 1 start all the same when an administrator says so', async () => {
    const { exitCode, stderr } = await run(`${V1}touch ${ALLOW_CHANGED_FILES}\n`);
    expect(stderr).toContain(`WARNING: this OS runs with cgroup v1`);
    expect(exitCode).toBe(0);
  });
});

describe('versions', () => {
  it.each([
    ['kubelet', 'cp-1', 'Kubernetes v1.36.7', 'kubelet is 1.36.7; these files are made for 1.36.4'],
    ['etcd', 'etcd-1', 'etcd Version: 3.6.17', 'etcd is 3.6.17; these files are made for 3.6.16'],
    [
      'containerd',
      'worker-1',
      'containerd x/containerd/v2 2.1.9+unknown',
      'containerd is 2.1.9; 2.3 is what it is tested',
    ],
    ['kubelet', 'cp-1', 'unknown', 'cannot tell the version of /usr/local/bin/kubelet; 1.36.4 is expected'],
    ['kube-proxy', 'worker-1', '', 'kube-proxy is missing: there is no program /usr/local/bin/kube-proxy'],
  ])('of %s on %s: %j is said, and no more', async (name, machine, text, warning) => {
    const { exitCode, stderr } = await run(V2, { machine, programs: { [name]: text } });
    expect(stderr).toContain(`keelway-preflight: WARNING: ${warning}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(0);
  });

  it.each([
    ['kubelet', 'cp-1', 'Kubernetes v1.37.1', 'kubelet is 1.37.1, and these files are made for 1.36'],
    ['kube-proxy', 'worker-1', 'Kubernetes v1.35.4', 'kube-proxy is 1.35.4, and these files are made for 1.36'],
    ['etcd', 'etcd-1', 'etcd Version: 3.7.2', 'etcd is 3.7.2, and these files are made for 3.6'],
  ])('of %s on %s: %j is refused', async (name, machine, text, reason) => {
    const { exitCode, stderr } = await run(V2, { machine, programs: { [name]: text } });
    expect(stderr).toContain(`keelway-preflight: REFUSED: ${reason}`);
    expect(exitCode).toBe(1);
  });

  it('are not looked at where the asset lock brings the programs, which are not there yet', async () => {
    const { exitCode, stderr } = await run(`${V2}rm -f /usr/local/bin/*\n`, { machine: 'worker-1', os: 'ubuntu' });
    expect({ exitCode, stderr }).toEqual(PASSED);
  });

  it('of the real programs are understood', async () => {
    const cluster = referenceCluster();
    const stacked = testContext('cp-1', {
      ...cluster,
      versions: { ...cluster.versions, kubernetes: '1.36.4', etcd: '3.6.16' },
      machines: cluster.machines.map((machine) => ({ ...machine, runsEtcd: machine.role === 'control-plane' })),
    });
    const kubernetes = dirname(toolPathAt('kubelet', '1.36.4'));
    const script = `${V2}ln -s /kubernetes/kubelet /kubernetes/kube-proxy /etcd/etcd /usr/bin/containerd /usr/local/bin
sh /etc/keelway/bin/preflight`;
    const { exitCode, stderr } = await onMachine([seed(stacked)], script, {
      binds: [
        { from: kubernetes, to: '/kubernetes', readOnly: true },
        { from: dirname(toolPath('etcd-3.6')), to: '/etcd', readOnly: true },
      ],
    });
    // Debian's containerd is the one that is not the expected one.
    expect(stderr).toMatch(
      /^keelway-preflight: WARNING: containerd is \d+\.\d+\.\d+; 2\.3 is what it is tested with\n$/,
    );
    expect(exitCode).toBe(0);
  });
});
