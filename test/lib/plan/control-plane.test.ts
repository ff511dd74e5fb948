import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Cluster } from '../../../lib/model/cluster.ts';
import type { PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import { controlPlaneParts } from '../../../lib/plan/control-plane.ts';
import type { PlannedDirectory, PlannedFile } from '../../../lib/plan/machine-plan.ts';
import { referenceCluster, testContext } from './reference-cluster.ts';

interface Manifest {
  readonly spec: {
    readonly volumes: readonly Record<string, unknown>[];
    readonly containers: readonly {
      readonly command: readonly string[];
      readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly: boolean }[];
    }[];
  };
}

const online = referenceCluster();
const offline: Cluster = { ...online, pki: { ...online.pki, nodeSigner: 'offline' } };

function planned(cluster: Cluster): { files: PlannedFile[]; directories: PlannedDirectory[] } {
  const context = testContext('cp-1', cluster);
  const pki: PkiBundle = cluster.pki.nodeSigner === 'online' ? context.pki : { ...context.pki, nodeSigner: null };
  const parts = controlPlaneParts({ ...context, pki });
  return {
    files: parts.flatMap(({ files }) => files ?? []),
    directories: parts.flatMap(({ directories }) => directories ?? []),
  };
}

function manifests(files: readonly PlannedFile[]): { name: string; contents: string; manifest: Manifest }[] {
  return files
    .filter(({ path }) => path.startsWith('/etc/kubernetes/manifests/'))
    .map(({ path, contents }) => ({ name: path, contents, manifest: parse(contents) }));
}

describe.each([
  ['online', online],
  ['offline', offline],
])('controlPlaneParts, node-signer %s', (_, cluster) => {
  const { files, directories } = planned(cluster);
  const pods = manifests(files);

  it('runs the three components', () => {
    expect(pods.map(({ name }) => name.split('/').at(-1))).toEqual([
      ...['kube-apiserver.yaml', 'kube-controller-manager.yaml', 'kube-scheduler.yaml'],
    ]);
  });

  it('plans every path once, inside planned folders of the right mode', () => {
    const paths = files.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    const modes = Object.fromEntries(directories.map(({ path, mode }) => [path, mode.toString(8)]));
    expect(modes).toMatchObject({
      '/etc/kubernetes/manifests': '700',
      '/etc/kubernetes/pki/apiserver': '700',
      '/etc/kubernetes/pki/controller-manager': '700',
      '/etc/kubernetes/pki/scheduler': '700',
      '/etc/kubernetes/apiserver': '700',
      '/var/log/kubernetes/audit': '700',
    });
  });

  it('keeps every key at 0600 and marked secret, and no other file of PEM secret', () => {
    for (const { path, contents, mode, secret, owner, group } of files) {
      expect([owner, group], path).toEqual(['root', 'root']);
      const isSecret = /PRIVATE KEY/.test(contents) ? /\.key$/.test(path) : /encryption\.yaml$/.test(path);
      expect(secret, path).toBe(isSecret);
      if (secret) expect(mode, path).toBe(0o600);
    }
  });

  it('shows no secret in a manifest', () => {
    const { pki } = testContext('cp-1', cluster);
    for (const { contents } of pods) {
      expect(contents).not.toMatch(/PRIVATE KEY|BEGIN|-key\b.*END/);
      for (const { secretBase64 } of pki.encryptionKeys) expect(contents).not.toContain(secretBase64);
      expect(contents).not.toContain(pki.etcdToken);
    }
  });

  it('refers to no API object and makes no host path by itself', () => {
    for (const { contents, manifest } of pods) {
      expect(contents).not.toMatch(
        /serviceAccount|configMap|secretKeyRef|secretName|envFrom|valueFrom|projected|persistentVolumeClaim|OrCreate/,
      );
      for (const volume of manifest.spec.volumes) {
        if ('emptyDir' in volume) continue;
        expect(Object.keys(volume)).toEqual(['name', 'hostPath']);
        expect(['Directory', 'File']).toContain((volume.hostPath as { type: string }).type);
      }
    }
  });

  it('mounts only what is planned', () => {
    const known = new Set([...files.map(({ path }) => path), ...directories.map(({ path }) => path)]);
    for (const { manifest } of pods) {
      for (const { hostPath } of manifest.spec.volumes) {
        if (hostPath !== undefined) expect(known).toContain((hostPath as { path: string }).path);
      }
    }
  });

  it('gives a component every file that its flags name, inside its own mounts, and nothing of the others', () => {
    const paths = files.map(({ path }) => path);
    for (const { name, manifest } of pods) {
      const [container] = manifest.spec.containers;
      const mounts = container?.volumeMounts.map(({ mountPath }) => mountPath) ?? [];
      const named = (container?.command ?? []).flatMap((flag) => /=(\/etc\/.*)$/.exec(flag)?.[1] ?? []);
      expect(named.length, name).toBeGreaterThan(2);
      for (const path of named) {
        expect(paths, name).toContain(path);
        expect(
          mounts.filter((mount) => path === mount || path.startsWith(`${mount}/`)),
          path,
        ).toHaveLength(1);
      }
    }
    const [apiServer, controllerManager, scheduler] = pods.map(({ contents }) => contents);
    expect(apiServer).not.toMatch(/controller-manager|scheduler|node-signer/);
    expect(controllerManager).not.toMatch(/pki\/apiserver|scheduler/);
    expect(scheduler).not.toMatch(/pki\/apiserver|controller-manager/);
  });
});

describe('the node-signer', () => {
  it('is on the machine only when it is online', () => {
    const names = (cluster: Cluster) => planned(cluster).files.map(({ path }) => path);
    const signer = expect.stringContaining('node-signer');
    expect(names(online)).toContainEqual(signer);
    expect(names(offline)).not.toContainEqual(signer);
    expect(names(offline)).not.toContainEqual(expect.stringContaining('/etc/keelway'));
  });

  it('must be in the bundle when the cluster wants it online', () => {
    const context = testContext('cp-1', online);
    expect(() => controlPlaneParts({ ...context, pki: { ...context.pki, nodeSigner: null } })).toThrow(
      expect.objectContaining({ code: 'PLAN_INVALID' }),
    );
  });
});

describe('a bundle that lacks a certificate', () => {
  it('is refused by name', () => {
    const context = testContext('cp-1', online);
    const leaves = new Map([...context.pki.leaves].filter(([id]) => id !== 'cp-1/scheduler'));
    expect(() => controlPlaneParts({ ...context, pki: { ...context.pki, leaves } })).toThrow('cp-1/scheduler');
  });
});
