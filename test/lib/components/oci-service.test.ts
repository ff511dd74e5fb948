import { describe, expect, it } from 'vitest';
import { apiBalancer } from '../../../lib/components/api-balancer.ts';
import { bird } from '../../../lib/components/bird.ts';
import { containerd } from '../../../lib/components/containerd.ts';
import { ociServiceLines } from '../../../lib/components/oci-service.ts';
import type { LockedAsset } from '../../../lib/model/cluster.ts';
import type { MachinePart } from '../../../lib/plan/machine-plan.ts';
import { shellWord } from '../../../lib/render/shell-word.ts';
import type { UnitSection } from '../../../lib/render/systemd.ts';
import { unitCommands } from '../../harness/unit-commands.ts';
import { toolPath } from '../../tools/tools.ts';
import { LOCKED_ASSETS, referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';
import { issuedPki, onMachine } from './machine-root.ts';

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
  capabilities: ['CAP_NET_ADMIN', 'CAP_NET_RAW'],
  user: '0:0',
});

/** The commands of the unit, as systemd would run them; a leading `-` forgives. */
const commandsOf = (of: UnitSection) =>
  of
    .filter(([directive]) => directive.startsWith('Exec'))
    .map(([, command]) => (String(command).startsWith('-') ? `${String(command).slice(1)} 2>/dev/null || :` : command))
    .join('\n');
const commands = commandsOf(lines);

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

const load = (of: LockedAsset) => `
python3 - <<'END'
import hashlib, io, json, tarfile
out = tarfile.open('/image.tar', 'w')
def add(name, data):
    info = tarfile.TarInfo(name); info.size = len(data); out.addfile(info, io.BytesIO(data))
def blob(data):
    digest = hashlib.sha256(data).hexdigest(); add(f'blobs/sha256/{digest}', data)
    return {'digest': f'sha256:{digest}', 'size': len(data)}
buffer = io.BytesIO(); tar = tarfile.open(fileobj=buffer, mode='w'); tar.add('/layer', ''); tar.close()
layer = buffer.getvalue(); kind = 'application/vnd.oci.image.'
diff = 'sha256:' + hashlib.sha256(layer).hexdigest()
config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [diff]}}).encode()
manifest = json.dumps({'schemaVersion': 2, 'mediaType': kind + 'manifest.v1+json', 'config': {'mediaType': kind + 'config.v1+json', **blob(config)}, 'layers': [{'mediaType': kind + 'layer.v1.tar', **blob(layer)}]}).encode()
add('oci-layout', b'{"imageLayoutVersion": "1.0.0"}')
add('index.json', json.dumps({'schemaVersion': 2, 'manifests': [{'mediaType': kind + 'manifest.v1+json', **blob(manifest), 'annotations': {'io.containerd.image.name': '${of.url}'}}]}).encode())
out.close()
END
ctr --namespace keelway images import --local /image.tar >/dev/null
`;

/** A program of this root with its libraries, in the image. */
const program = (path: string) => `
for file in ${path} $(ldd ${path} | grep -o '/[^ ]*'); do cp --parents -L "$file" /layer; done
`;

const WITH_PAUSE = { binds: [{ from: toolPath('pause'), to: '/pause', readOnly: true }] };

/** The service as systemd would start it, in the background. */
function started(part: MachinePart, runtimeDirectory: string): string {
  const { startPre, start } = unitCommands(part.units?.[0]?.contents ?? '');
  const line = (argv: readonly string[]) => argv.map(shellWord).join(' ');
  return `ip link set lo up
install -d -m 0700 ${runtimeDirectory}
${startPre.map(({ argv, mayFail }) => `${line(argv)}${mayFail ? ' 2>/dev/null || :' : ''}`).join('\n')}
${line(start[0]?.argv ?? [])} >/log.service 2>&1 & service=$!`;
}

const ended = (name: string) => `ctr --namespace keelway tasks kill -s KILL ${name}; wait $service || :\n${END}`;

describe('a service from an OCI image', () => {
  it('runs, again and again, without a registry where the image is there', async () => {
    const { exitCode, stdout, stderr } = await onMachine(
      [containerd(context)],
      `${START}${load(image)}${commands}\n${commands}\nctr --namespace keelway containers ls -q\n${END}`,
      WITH_PAUSE,
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^(pause\.c v\S+\n){2}$/);
    expect(exitCode).toBe(0);
  });

  it.each([
    ['0:0', 'CapEff:\t0000000000003000 CapBnd:\t0000000000003000'],
    ['65532:65532', 'CapEff:\t0000000000000000 CapBnd:\t0000000000003000'],
  ])('has the capabilities that are named and no others, as %s', async (user, sets) => {
    const own = ociServiceLines(context.machine, {
      name: 'example',
      image,
      command: ['/usr/bin/cat', '/proc/self/status'],
      mounts: [{ path: '/etc/example', readOnly: true }],
      capabilities: ['CAP_NET_ADMIN', 'CAP_NET_RAW'],
      user,
    });
    const { stdout, stderr } = await onMachine(
      [containerd(context)],
      `${START}${program('/usr/bin/cat')}${load(image)}{\n${commandsOf(own)}\n} | grep -E '^(Uid|Cap(Eff|Bnd)|NoNewPrivs|Seccomp):'\n${END}`,
      WITH_PAUSE,
    );
    expect(stderr).toBe('');
    const id = user.split(':')[0];
    expect(stdout.trim().split('\n')).toEqual([
      `Uid:\t${id}\t${id}\t${id}\t${id}`,
      ...sets.split(' '),
      'NoNewPrivs:\t1',
      'Seccomp:\t2',
    ]);
  });

  it('serves as the API balancer of a worker: HAProxy, as nobody in particular', async () => {
    const balancer = apiBalancer({ ...context, pki: await issuedPki(context.cluster) });
    const { stdout, stderr } = await onMachine(
      [containerd(context), balancer],
      `${START}${program('/usr/sbin/haproxy')}${load(image)}
${started(balancer, '/run/keelway-api-balancer')}
until [ -S /run/keelway-api-balancer/admin.sock ] || grep -q ALERT /log.service; do sleep 0.1; done
stat -c '%u:%g %a' /run/keelway-api-balancer/admin.sock
echo 'show info' | socat - UNIX-CONNECT:/run/keelway-api-balancer/admin.sock | grep '^Maxconn:'
ps -o uid=,args= -C haproxy | sort -u | cut -c 1-20
ss -Hltn 'sport = 7445' | awk '{print $4}'
grep ALERT /log.service || :
${ended('keelway-api-balancer')}`,
      WITH_PAUSE,
    );
    expect(stdout.trim().split('\n')).toEqual([
      '65532:65532 600',
      'Maxconn: 480',
      '65532 haproxy -W -db',
      '127.0.0.1:7445',
    ]);
    expect(stderr).toBe('');
  });

  it('serves as the BGP speaker: BIRD, with its three capabilities', async () => {
    const speaker = bird(context);
    const { stdout, stderr } = await onMachine(
      [containerd(context), speaker],
      `${START}${program('/usr/sbin/bird')}${load(imageOf('bird'))}
${started(speaker, '/run/bird')}
until [ -S /run/bird/bird.ctl ] || ! kill -0 $service; do sleep 0.1; done
grep -hE '^Cap(Eff|Bnd)' /proc/$(pidof bird)/status
birdc -s /run/bird/bird.ctl show protocols | grep -E '^(main_table|peer_cp_1)' | awk '{print $1, $2, $4}'
${ended('keelway-bird')}`,
      WITH_PAUSE,
    );
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      'CapEff:\t0000000000003400',
      'CapBnd:\t0000000000003400',
      'main_table Kernel up',
      'peer_cp_1 BGP start',
    ]);
    expect(stderr).toBe('');
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
      WITH_PAUSE,
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
      user: '65532:65532',
    });
    expect(first?.[1]).toContain(`registry.example.com/haproxy:3.2.6@sha256:${image.sha256}`);
  });
});
