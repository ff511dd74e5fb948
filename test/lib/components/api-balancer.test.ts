import { beforeAll, describe, expect, it } from 'vitest';
import { apiBalancer, haproxyConfig } from '../../../lib/components/api-balancer.ts';
import type { PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import type { MachinePart } from '../../../lib/plan/machine-plan.ts';
import { LOCKED_ASSETS, referenceCluster, testContext, testInputs } from '../plan/reference-cluster.ts';
import { issuedPki, onMachine } from './machine-root.ts';

const cluster = referenceCluster();
let pki: PkiBundle;
let other: PkiBundle;
let parts: readonly MachinePart[];

beforeAll(async () => {
  [pki, other] = await Promise.all([issuedPki(cluster), issuedPki(cluster)]);
  parts = [apiBalancer({ ...testContext('worker-1', cluster), pki })];
});

/** What `/readyz` of three API servers answers; a file named after the machine changes it: 200, 500, hang. */
const SERVERS = `
import os, socket, ssl, sys, threading, time
def serve(name, address):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f'/servers/{name}.crt', f'/servers/{name}.key')
    listener = socket.create_server((address, 6443), backlog=64)
    def answer(raw):
        try:
            mode = open(f'/mode.{name}').read().strip()
            if mode == 'hang':
                time.sleep(60)
            with context.wrap_socket(raw, server_side=True) as tls:
                while True:
                    request = tls.recv(4096)
                    if not request: return
                    if b'GET /watch' in request:
                        tls.sendall(f'HTTP/1.1 200 OK\\r\\n\\r\\n{name}\\n'.encode())
                        time.sleep(60)
                    body = name.encode()
                    tls.sendall(b'HTTP/1.1 %s OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s' % (mode.encode(), len(body), body))
                    return
        except (OSError, ssl.SSLError):
            pass
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
for name, address in (('cp-1', '10.0.0.11'), ('cp-2', '10.0.0.12'), ('cp-3', '10.0.0.13')):
    open(f'/mode.{name}', 'w').write('200')
    threading.Thread(target=serve, args=(name, address), daemon=True).start()
print('ready', flush=True)
time.sleep(100)
`;

const START = `
set -e
for last in 11 12 13; do ip addr add 10.0.0.$last/32 dev lo; done
python3 /servers.py >/ready &
until grep -qs ready /ready; do sleep 0.05; done
mkdir -p /run/keelway-api-balancer
haproxy -W -db -f /etc/keelway/api-balancer/haproxy.cfg >/log 2>&1 &
until [ -S /run/keelway-api-balancer/admin.sock ]; do sleep 0.05; done
states() {
  printf 'show stat\\n' | socat - /run/keelway-api-balancer/admin.sock | awk -F, '$1 == "api-servers" && $2 ~ /^cp/ {sub(/\\* /, "", $37); print $2, $18, $37}'
}
ask() {
  curl -s --max-time 3 --cacert /etc/keelway/api-balancer/ca.crt https://127.0.0.1:7445/anything
}
`;

async function run(script: string, leaves: Readonly<Record<string, { certificatePem: string; keyPem: string }>>) {
  const files: Record<string, string> = { '/servers.py': SERVERS };
  for (const [name, leaf] of Object.entries(leaves)) {
    files[`/servers/${name}.crt`] = leaf.certificatePem;
    files[`/servers/${name}.key`] = leaf.keyPem;
  }
  const { stdout, stderr, exitCode } = await onMachine(parts, `${START}\n${script}`, { files });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout;
}

function leaf(bundle: PkiBundle, id: string) {
  const found = bundle.leaves.get(id);
  if (found === undefined) throw new Error(`no leaf ${id}`);
  return found;
}

function rightLeaves() {
  return Object.fromEntries(['cp-1', 'cp-2', 'cp-3'].map((name) => [name, leaf(pki, `${name}/apiserver`)]));
}

describe('the configuration', () => {
  it('passes haproxy’s own check without a warning', async () => {
    const { exitCode, stdout, stderr } = await onMachine(
      parts,
      'haproxy -c -dW -V -f /etc/keelway/api-balancer/haproxy.cfg',
    );
    expect(stderr).toBe('');
    expect(stdout).toContain('Configuration file is valid');
    expect(exitCode).toBe(0);
  });

  it('listens on loopback only and names every API server', () => {
    const config = haproxyConfig(cluster);
    expect(config.match(/^ *bind .*/gm)).toEqual(['    bind 127.0.0.1:7445']);
    expect(config.match(/^ *server \S+ \S+/gm)?.map((line) => line.trim())).toEqual([
      'server cp-1 10.0.0.11:6443',
      'server cp-2 10.0.0.12:6443',
      'server cp-3 10.0.0.13:6443',
    ]);
  });
});

describe.concurrent('a running balancer', () => {
  it('passes the API servers’ own TLS through, to each of them', async () => {
    const output = await run('sleep 1; for _ in 1 2 3 4 5 6; do ask; echo; done', rightLeaves());
    expect(new Set(output.trim().split('\n'))).toEqual(new Set(['cp-1', 'cp-2', 'cp-3']));
  });

  it('sends nothing to a server with another CA, or with the certificate of another machine', async () => {
    const leaves = { ...rightLeaves(), 'cp-2': leaf(other, 'cp-2/apiserver'), 'cp-3': leaf(pki, 'cp-1/apiserver') };
    const output = await run('sleep 5; states; for _ in 1 2 3 4; do ask; echo; done', leaves);
    expect(output.split('\n')).toEqual([
      'cp-1 UP L7OK',
      'cp-2 DOWN L6RSP',
      'cp-3 DOWN L6RSP',
      ...['cp-1', 'cp-1', 'cp-1', 'cp-1', ''],
    ]);
  });

  it('drops a server that is not ready and cuts its connections, within four seconds', async () => {
    const output = await run(
      `sleep 1
curl -sN --cacert /etc/keelway/api-balancer/ca.crt https://127.0.0.1:7445/watch >/watched &
watch=$!
until [ -s /watched ]; do sleep 0.05; done
held=$(cat /watched)
started=$(date +%s%N)
echo 500 >"/mode.$held"
wait $watch || :
echo $((($(date +%s%N) - started) / 1000000))
states | grep -c UP
echo 200 >"/mode.$held"
sleep 4
states | grep -c UP`,
      rightLeaves(),
    );
    const [cutAfterMs, left, back] = output.trim().split('\n').map(Number);
    expect(cutAfterMs).toBeLessThan(4000);
    expect([left, back]).toEqual([2, 3]);
  });

  it('drops a server that hangs', async () => {
    const output = await run('sleep 1; echo hang >/mode.cp-1; sleep 8; states | grep cp-1; ask', rightLeaves());
    expect(output).toMatch(/^cp-1 DOWN L6TOUT\ncp-[23]$/);
  });

  it('refuses at once when no server is ready', async () => {
    const script = `for name in 1 2 3; do echo 500 >/mode.cp-$name; done; sleep 5
started=$(date +%s%N); ask || echo "refused $?"
[ $((($(date +%s%N) - started) / 1000000)) -lt 1000 ]`;
    expect(await run(script, rightLeaves())).toMatch(/^refused (35|52|56)\n$/);
  });
});

describe('the unit', () => {
  it('runs as nobody in particular, with its socket in /run', () => {
    const unit = parts[0]?.units?.[0]?.contents ?? '';
    expect(unit).toContain('DynamicUser=yes');
    expect(unit).toContain('RuntimeDirectory=keelway-api-balancer');
    expect(unit).toContain('/usr/sbin/haproxy -Ws -f /etc/keelway/api-balancer/haproxy.cfg');
  });

  it('runs the locked image by digest on Flatcar', () => {
    const flatcar = referenceCluster({}, 'flatcar');
    const part = apiBalancer(testContext('worker-1', flatcar, testInputs({ assets: LOCKED_ASSETS })));
    const unit = part.units?.[0]?.contents ?? '';
    expect(unit).toMatch(
      /images pull --hosts-dir \/etc\/containerd\/certs.d registry\.example\.com\/haproxy:3\.2\.6@sha256:[0-9a-f]{64}/,
    );
    expect(unit).toContain('--net-host');
    expect(part.units).toHaveLength(1);
  });
});
