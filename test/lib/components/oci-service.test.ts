import { describe, expect, it } from 'vitest';
import { containerd } from '../../../lib/components/containerd.ts';
import { ociServiceLines } from '../../../lib/components/oci-service.ts';
import type { LockedAsset } from '../../../lib/model/cluster.ts';
import { toolPath } from '../../tools/tools.ts';
import { LOCKED_ASSETS, referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const context = testContext('worker-1', referenceCluster({}, 'flatcar'), testInputs({ assets: LOCKED_ASSETS }));

function imageOf(name: string): LockedAsset {
  const found = LOCKED_ASSETS.find((asset) => asset.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

const image = imageOf('haproxy');
const lines = ociServiceLines(context.machine, {
  name: 'example',
  image,
  command: ['/pause', '-v'],
  mounts: [{ path: '/etc/example', readOnly: true }],
  addCapabilities: ['CAP_NET_ADMIN'],
  user: '0:0',
});

/** The commands of the unit, as systemd would run them; a leading `-` forgives. */
const commands = lines
  .filter(([directive]) => directive.startsWith('Exec'))
  .map(([, command]) => (String(command).startsWith('-') ? `${String(command).slice(1)} 2>/dev/null || :` : command))
  .join('\n');

/** A containerd whose store can hold overlays, with the control groups that runc insists on. */
const START = `
set -e
mount -t tmpfs none /sys/fs/cgroup
if grep -qw memory /proc/cgroups && [ "$(awk '$1 == "memory" {print $2}' /proc/cgroups)" != 0 ]; then
  for name in memory pids devices cpu freezer; do
    mkdir /sys/fs/cgroup/$name
    mount -t cgroup -o $name none /sys/fs/cgroup/$name
  done
else
  mount -t cgroup2 none /sys/fs/cgroup
fi
mkdir -p /var/lib/containerd /etc/example /layer
mount -t tmpfs none /var/lib/containerd
/usr/bin/containerd --config /etc/containerd/config.toml --log-level warn >/log 2>&1 &
until ctr version >/dev/null 2>&1; do sleep 0.1; done
cp /pause /layer/pause
`;

/** What is left of containerd's namespace in the machine's control groups: exactly these, they may have others beside. */
const END = 'for group in /sys/fs/cgroup/keelway /sys/fs/cgroup/*/keelway; do [ ! -d $group ] || rmdir $group; done';

const LOAD = `
python3 - <<'END'
import hashlib, io, json, tarfile
out = tarfile.open('/image.tar', 'w')
def add(name, data):
    info = tarfile.TarInfo(name); info.size = len(data); out.addfile(info, io.BytesIO(data))
def blob(data):
    digest = hashlib.sha256(data).hexdigest(); add(f'blobs/sha256/{digest}', data)
    return {'digest': f'sha256:{digest}', 'size': len(data)}
buffer = io.BytesIO(); tar = tarfile.open(fileobj=buffer, mode='w'); tar.add('/layer/pause', 'pause'); tar.close()
layer = buffer.getvalue(); kind = 'application/vnd.oci.image.'
diff = 'sha256:' + hashlib.sha256(layer).hexdigest()
config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [diff]}}).encode()
manifest = json.dumps({'schemaVersion': 2, 'mediaType': kind + 'manifest.v1+json', 'config': {'mediaType': kind + 'config.v1+json', **blob(config)}, 'layers': [{'mediaType': kind + 'layer.v1.tar', **blob(layer)}]}).encode()
add('oci-layout', b'{"imageLayoutVersion": "1.0.0"}')
add('index.json', json.dumps({'schemaVersion': 2, 'manifests': [{'mediaType': kind + 'manifest.v1+json', **blob(manifest), 'annotations': {'io.containerd.image.name': '${image.url}'}}]}).encode())
out.close()
END
ctr --namespace keelway images import --local /image.tar >/dev/null
`;

describe('a service from an OCI image', () => {
  it('runs, again and again, without a registry where the image is there', async () => {
    const { exitCode, stdout, stderr } = await onMachine(
      [containerd(context)],
      `${START}${LOAD}${commands}\n${commands}\nctr --namespace keelway containers ls -q\n${END}`,
      { binds: [{ from: toolPath('pause'), to: '/pause', readOnly: true }] },
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^(pause\.c v\S+\n){2}$/);
    expect(exitCode).toBe(0);
  });

  it('is pulled by digest where it is not, through the mirrors', async () => {
    const { exitCode, stdout } = await onMachine(
      [containerd(context)],
      `${START}
mkdir -p /etc/containerd/certs.d/registry.example.com
printf '[host."http://127.0.0.1:5000"]\\n' >/etc/containerd/certs.d/registry.example.com/hosts.toml
python3 -m http.server --bind 127.0.0.1 5000 >/requests 2>&1 &
until curl -so /dev/null http://127.0.0.1:5000; do sleep 0.1; done
{ ${lines[0]?.[1]}; } >/dev/null 2>&1 && echo pulled
grep -o 'HEAD /v2[^ ]*' /requests | head -1`,
      { binds: [{ from: toolPath('pause'), to: '/pause', readOnly: true }] },
    );
    expect(stdout).toBe(`HEAD /v2/haproxy/manifests/sha256:${image.sha256}?ns=registry.example.com\n`);
    expect(exitCode).toBe(0);
  });

  it('gets the digest of the lock where the reference has none', () => {
    const [first] = ociServiceLines(context.machine, {
      name: 'example',
      image: { ...image, url: 'registry.example.com/haproxy:3.2.6' },
      command: ['haproxy'],
      mounts: [],
    });
    expect(first?.[1]).toContain(`registry.example.com/haproxy:3.2.6@sha256:${image.sha256}`);
  });
});
