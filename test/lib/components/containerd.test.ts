import { describe, expect, it } from 'vitest';
import { containerImages } from '../../../lib/components/container-images.ts';
import { containerd } from '../../../lib/components/containerd.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';
import { onMachine } from './machine-root.ts';

const mirrored: Cluster = {
  ...referenceCluster(),
  registries: [
    { registry: 'registry.k8s.io', endpoints: ['http://127.0.0.1:5000'], caFile: null },
    {
      registry: 'docker.io',
      endpoints: ['https://mirror.example.com', 'https://hub.example.com/v2/proxy'],
      caFile: 'ca.pem',
    },
    { registry: '_default', endpoints: ['https://mirror.example.com'], caFile: null },
  ],
};
const inputs = testInputs({ files: { 'ca.pem': '-----BEGIN CERTIFICATE-----\nmirror\n-----END CERTIFICATE-----' } });
const part = containerd(testContext('worker-1', mirrored, inputs));

/** A containerd with our configuration, with its state in memory. */
const START = `
set -e
/usr/bin/containerd --config /etc/containerd/config.toml --log-level warn >/log 2>&1 &
until ctr version >/dev/null 2>&1; do sleep 0.1; done
`;

describe('the configuration', () => {
  it('is what containerd itself makes of it', async () => {
    const { exitCode, stdout, stderr } = await onMachine(
      [part],
      `/usr/bin/containerd --config /etc/containerd/config.toml config dump >/dump.toml
python3 - <<'END'
import tomllib
dump = tomllib.load(open('/dump.toml', 'rb'))
images = dump['plugins']['io.containerd.cri.v1.images']
runtime = dump['plugins']['io.containerd.cri.v1.runtime']
print(images['pinned_images']['sandbox'], images['registry']['config_path'])
print(runtime['cni']['bin_dirs'], runtime['cni']['conf_dir'], runtime['containerd']['default_runtime_name'])
for name, settings in runtime['containerd']['runtimes'].items():
    print(name, settings['runtime_type'], settings['options']['SystemdCgroup'])
END`,
    );
    expect(stderr).toBe('');
    expect(stdout).toBe(`registry.k8s.io/pause:3.10.2 /etc/containerd/certs.d
['/opt/cni/bin'] /etc/cni/net.d runc
runc io.containerd.runc.v2 True
`);
    expect(exitCode).toBe(0);
  });

  it('starts the real containerd, whose runtime service crictl’s settings find', async () => {
    const { exitCode, stdout } = await onMachine(
      [part],
      `${START}
ctr plugins ls | grep -E 'cri.v1 +(images|runtime)'
cat /etc/crictl.yaml
grep -E 'level=(error|fatal)' /log | grep -v 'no network config found' || echo no errors`,
    );
    expect(stdout.match(/\bok\b/g)).toHaveLength(2);
    expect(stdout).toContain('runtime-endpoint: "unix:///run/containerd/containerd.sock"');
    expect(stdout).toContain('no errors');
    expect(exitCode).toBe(0);
  });
});

describe('registries', () => {
  it('are asked at their mirror first', async () => {
    const { stdout } = await onMachine(
      [part],
      `${START}
python3 -m http.server --bind 127.0.0.1 5000 >/requests 2>&1 &
until curl -so /dev/null http://127.0.0.1:5000; do sleep 0.1; done
ctr --namespace k8s.io images pull --local --hosts-dir /etc/containerd/certs.d registry.k8s.io/pause:3.10.2 >/pull 2>&1 || :
grep -o 'HEAD /[^ ]*' /requests | head -1`,
    );
    expect(stdout.trim()).toBe('HEAD /v2/pause/manifests/3.10.2?ns=registry.k8s.io');
  });

  it('are written in TOML with the private CA and the path of a mirror', async () => {
    const { stdout, stderr } = await onMachine(
      [part],
      `python3 - <<'END'
import json, tomllib
for name in ('registry.k8s.io', 'docker.io', '_default'):
    print(json.dumps(tomllib.load(open(f'/etc/containerd/certs.d/{name}/hosts.toml', 'rb')), sort_keys=True))
END
cat /etc/containerd/certs.d/docker.io/ca.crt`,
    );
    expect(stderr).toBe('');
    const [kubernetes, docker, others, ...pem] = stdout.trim().split('\n');
    expect(JSON.parse(kubernetes ?? '')).toEqual({
      server: 'https://registry.k8s.io',
      host: { 'http://127.0.0.1:5000': { capabilities: ['pull', 'resolve'] } },
    });
    const ca = '/etc/containerd/certs.d/docker.io/ca.crt';
    expect(JSON.parse(docker ?? '')).toEqual({
      server: 'https://registry-1.docker.io',
      host: {
        'https://mirror.example.com': { capabilities: ['pull', 'resolve'], ca },
        'https://hub.example.com/v2/proxy': { capabilities: ['pull', 'resolve'], ca, override_path: true },
      },
    });
    expect(JSON.parse(others ?? '')).toEqual({
      host: { 'https://mirror.example.com': { capabilities: ['pull', 'resolve'] } },
    });
    expect(pem).toEqual(['-----BEGIN CERTIFICATE-----', 'mirror', '-----END CERTIFICATE-----']);
  });

  it('need the text of a CA file that they name', () => {
    expect(() => containerd(testContext('worker-1', mirrored))).toThrow(/ca\.pem, the CA of the mirrors of docker\.io/);
  });
});

describe('images that came with the machine', () => {
  const preload = containerImages(testContext('worker-1', mirrored));
  // An image of one empty layer, in OCI layout.
  const image = `python3 - <<'END'
import hashlib, io, json, tarfile
out = tarfile.open('/var/lib/keelway/images/example.tar', 'w')
def add(name, data):
    info = tarfile.TarInfo(name); info.size = len(data); out.addfile(info, io.BytesIO(data))
def blob(data):
    digest = hashlib.sha256(data).hexdigest(); add(f'blobs/sha256/{digest}', data)
    return {'digest': f'sha256:{digest}', 'size': len(data)}
buffer = io.BytesIO(); tarfile.open(fileobj=buffer, mode='w').close(); layer = buffer.getvalue()
kind = 'application/vnd.oci.image.'
config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(layer).hexdigest()]}}).encode()
manifest = json.dumps({'schemaVersion': 2, 'mediaType': kind + 'manifest.v1+json', 'config': {'mediaType': kind + 'config.v1+json', **blob(config)}, 'layers': [{'mediaType': kind + 'layer.v1.tar', **blob(layer)}]}).encode()
add('oci-layout', b'{"imageLayoutVersion": "1.0.0"}')
add('index.json', json.dumps({'schemaVersion': 2, 'manifests': [{'mediaType': kind + 'manifest.v1+json', **blob(manifest), 'annotations': {'io.containerd.image.name': 'registry.k8s.io/example:v1'}}]}).encode())
out.close()
END`;

  async function run(script: string) {
    const { stdout, stderr } = await onMachine(
      [part, preload],
      `ln -s /usr/bin/ctr /usr/local/bin/ctr; ${START}\n${script}`,
    );
    return stdout + stderr;
  }

  it('are loaded once', async () => {
    const output = await run(`${image}
sh /etc/keelway/bin/images >/first 2>&1; sh /etc/keelway/bin/images >/second 2>&1
ctr --namespace k8s.io images ls -q | grep example; wc -c </second; grep -c example /first`);
    expect(output).toMatch(/^registry\.k8s\.io\/example:v1\n0\n[1-9]/);
  });

  it('are loaded again when containerd’s store is new', async () => {
    const output = await run(`${image}
sh /etc/keelway/bin/images >/dev/null 2>&1; rm -r /var/lib/containerd/keelway-images
sh /etc/keelway/bin/images 2>&1 | grep -c example`);
    expect(output).toMatch(/^[1-9]/);
  });

  it('that are damaged are named, and the others loaded', async () => {
    const output = await run(`${image}
echo broken >/var/lib/keelway/images/a.tar
sh /etc/keelway/bin/images >/dev/null 2>/errors && echo passed; grep WARNING /errors; ctr --namespace k8s.io images ls -q`);
    expect(output).toContain('keelway-images: WARNING: /var/lib/keelway/images/a.tar cannot be loaded');
    expect(output).toContain('registry.k8s.io/example:v1');
    expect(output).not.toContain('passed');
  });

  it('may be none', async () => {
    expect(await run('sh /etc/keelway/bin/images && echo passed')).toBe('passed\n');
  });
});
