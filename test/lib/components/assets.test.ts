import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assets } from '../../../lib/components/assets.ts';
import { KeelwayError } from '../../../lib/errors.ts';
import type { LockedAsset } from '../../../lib/model/cluster.ts';
import { LOCKED_ASSETS, referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';
import { onMachine, withFolder } from './machine-root.ts';

const ubuntu = referenceCluster({}, 'ubuntu');

function partOf(name: string, locked: readonly LockedAsset[] = LOCKED_ASSETS, of = ubuntu) {
  return assets(testContext(name, of, testInputs({ assets: locked })));
}

/** Files that a web server gives out, and the lock entries that name them. */
async function withReleases(
  use: (folder: string, lock: LockedAsset[]) => Promise<void>,
  change: (asset: LockedAsset) => LockedAsset = (asset) => asset,
): Promise<void> {
  await withFolder(async (folder) => {
    const lock = LOCKED_ASSETS.map((asset) => {
      if (asset.kind === 'oci') return asset;
      const file = join(folder, asset.name);
      if (asset.kind === 'binary') writeFileSync(file, `#!/bin/sh\necho ${asset.name} ${asset.version}\n`);
      else {
        const content = join(folder, `${asset.name}.d`);
        for (const member of asset.members) {
          mkdirSync(join(content, member, '..'), { recursive: true });
          writeFileSync(join(content, member), `#!/bin/sh\necho ${member} ${asset.version}\n`);
        }
        execFileSync('tar', ['-C', content, '-czf', file, '--', ...asset.members]);
      }
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
      return change({ ...asset, url: `http://127.0.0.1:8000/${asset.name}`, sha256 });
    });
    await use(folder, lock);
  });
}

const SERVE = `
printf '#!/bin/sh\\n[ ! -e /later ] || . /later\\n' >/usr/local/bin/sleep; chmod 0755 /usr/local/bin/sleep
cd /releases; python3 -m http.server --bind 127.0.0.1 8000 >/requests 2>&1 & server=$!
until curl -so /dev/null http://127.0.0.1:8000; do :; done
cd /; : >/requests
`;
const RUN = 'timeout 20 sh /etc/keelway/bin/assets';

async function run(folder: string, lock: readonly LockedAsset[], script: string, name = 'worker-1') {
  const { stdout, stderr } = await onMachine([partOf(name, lock)], `${SERVE}\n${script}`, {
    binds: [{ from: folder, to: '/releases' }],
  });
  return stdout + stderr;
}

describe('the script', () => {
  it('fetches, verifies and installs every program', async () => {
    await withReleases(async (folder, lock) => {
      const output = await run(
        folder,
        lock,
        `${RUN}; kubelet; ctr; runc; crictl; /opt/cni/bin/bridge; stat -c '%a %U' /usr/local/bin/kubelet`,
      );
      expect(output).toContain('every program is in place');
      for (const line of [
        'kubelet 1.36.4',
        'bin/ctr 2.3.4',
        'runc 1.4.3',
        'crictl 1.36.0',
        './bridge 1.9.1',
        '755 root',
      ]) {
        expect(output).toContain(`${line}\n`);
      }
    });
  });

  it('fetches nothing again, and puts back a program that changed', async () => {
    await withReleases(async (folder, lock) => {
      const output = await run(
        folder,
        lock,
        `${RUN} 2>/dev/null; wc -l </requests; echo broken >/usr/local/bin/kubelet; ${RUN} 2>&1; wc -l </requests; kubelet`,
      );
      expect(output.split('\n')).toEqual([
        expect.stringMatching(/^\d+$/),
        'keelway-assets: installed /usr/local/bin/kubelet',
        'keelway-assets: every program is in place',
        output.split('\n')[0],
        'kubelet 1.36.4',
        '',
      ]);
    });
  });

  it('uses what Ignition has fetched already', async () => {
    await withReleases(async (folder, lock) => {
      const fetched = lock
        .filter(({ kind }) => kind !== 'oci')
        .map(({ name, version, sha256, kind }) => {
          const suffix = kind === 'tar.gz' ? '.tar.gz' : '';
          return `cp /releases/${name} /var/lib/keelway/assets/${name}-${version}-${sha256.slice(0, 12)}${suffix}`;
        });
      const output = await run(
        folder,
        lock,
        `${fetched.join('\n')}\n${RUN}; echo "requests $(wc -l </requests)"; kubelet`,
      );
      expect(output).toContain('requests 0\nkubelet 1.36.4');
    });
  });

  it('installs nothing with another hash, says so, and tries again until it is right', async () => {
    await withReleases(async (folder, lock) => {
      const output = await run(
        folder,
        lock,
        `cp /releases/kubelet /kubelet; echo more >>/releases/kubelet
echo '[ -e /usr/local/bin/kubelet ] && echo TOO EARLY; cp /kubelet /releases/kubelet' >/later
${RUN}; kubelet`,
      );
      expect(output).toContain('REFUSED: http://127.0.0.1:8000/kubelet does not have the sha256');
      expect(output).not.toContain('TOO EARLY');
      expect(output).toContain('kubelet 1.36.4');
    });
  });

  it('waits for a network that comes later', async () => {
    await withReleases(async (folder, lock) => {
      const output = await run(
        folder,
        lock,
        `kill $server; wait $server 2>/dev/null; echo 'cd /releases && python3 -m http.server --bind 127.0.0.1 8000 >/requests 2>&1 &
until curl -so /dev/null http://127.0.0.1:8000; do :; done' >/later; ${RUN}; kubelet`,
      );
      expect(output).toContain('WAITING: trying again in 10 seconds');
      expect(output).toContain('kubelet 1.36.4');
    });
  });

  it('installs etcd and its companions on etcd machines', async () => {
    await withReleases(async (folder, lock) => {
      const output = await run(folder, lock, `${RUN}; etcd; etcdctl; etcdutl`, 'etcd-1');
      expect(output).toContain('etcdutl 3.6.16\n');
      expect(output).not.toContain('kubelet');
    });
  });
});

describe('the part', () => {
  it('is empty on Keelway’s node OS', () => {
    expect(partOf('worker-1', [], referenceCluster())).toEqual({ packages: [], downloads: [] });
  });

  it('names downloads by version and hash, and where each program goes', () => {
    const flatcar = partOf('etcd-1', LOCKED_ASSETS, referenceCluster({}, 'flatcar'));
    const sha256 = LOCKED_ASSETS.find(({ name }) => name === 'etcd')?.sha256 ?? '';
    expect(flatcar.downloads).toEqual([
      {
        name: 'etcd',
        version: '3.6.16',
        url: 'https://dl.example.com/etcd',
        sha256,
        kind: 'tar.gz',
        path: `/var/lib/keelway/assets/etcd-3.6.16-${sha256.slice(0, 12)}.tar.gz`,
        install: ['etcd', 'etcdctl', 'etcdutl'].map((program) => ({
          member: `etcd-v3.6.16-linux-amd64/${program}`,
          path: `/opt/bin/${program}`,
        })),
      },
    ]);
  });

  it('keeps images out of the script', () => {
    const part = partOf('worker-1', LOCKED_ASSETS, referenceCluster({}, 'flatcar'));
    expect(part.downloads?.filter(({ kind }) => kind === 'oci').map(({ name }) => name)).toEqual(['haproxy', 'bird']);
    expect(part.files?.find(({ path }) => path.endsWith('/downloads'))?.contents).not.toContain('haproxy');
  });

  it('refuses an archive whose members lack a needed program', () => {
    const lock = LOCKED_ASSETS.map((asset) =>
      asset.name === 'etcd' ? { ...asset, members: asset.members.slice(0, 1) } : asset,
    );
    try {
      partOf('etcd-1', lock);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(KeelwayError);
      expect((error as KeelwayError).code).toBe('ASSET_LOCK_INVALID');
      expect((error as KeelwayError).message).toContain('etcd does not bring etcdctl, etcdutl');
    }
  });
});
