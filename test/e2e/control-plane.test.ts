import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlaneLab, startControlPlane } from '../harness/control-plane-lab.ts';
import { flagComplaints } from '../harness/flag-complaints.ts';
import { referenceCluster } from '../lib/plan/reference-cluster.ts';

/**
 * Two control-plane machines and the two etcd members of the reference topology, from what is rendered: real programs,
 * certificates, command lines and mounts. The tests build on each other, in order.
 */
const MACHINES = ['cp-1', 'cp-2'];
const API = 'https://127.0.0.1:6443';
const BOOTSTRAP = 'sh /etc/keelway/bin/bootstrap; ls /run/keelway/bootstrap';

let lab: ControlPlaneLab;

beforeAll(async () => {
  const cluster = referenceCluster();
  const vip = { address: '10.0.0.100', profile: 'arp', onLink: 'arp', inNodeSubnet: true, bgp: null } as const;
  lab = await startControlPlane({ ...cluster, controlPlane: { ...cluster.controlPlane, vip } }, MACHINES);
}, 60_000);

afterAll(async () => {
  await lab?.sandbox.stop();
});

async function admin(args: string, input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await lab.kubectl('cp-1', 'operator', args, input);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

function register(machine: string): Promise<unknown> {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: machine } };
  return lab.kubectl(machine, 'kubelet', 'create -f -', JSON.stringify(node));
}

/** What the API server of a machine has written about requests of the bootstrap credential: `verb resource name`. */
async function bootstrapRequests(machine: string): Promise<string[]> {
  const { stdout } = await lab.shell(machine, 'cat /var/log/kubernetes/audit/audit.log');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ user }) => user.username === 'keelway:bootstrap')
    .map(({ verb, objectRef }) => [verb, objectRef?.resource, objectRef?.name].join(' '));
}

describe('the rendered static pods', () => {
  it('become ready with their own mounts, a read-only root and no capability', async () => {
    for (const machine of MACHINES) {
      await lab.waitFor(machine, `${API}/readyz`);
      await lab.waitFor(machine, 'https://127.0.0.1:10257/healthz');
      await lab.waitFor(machine, 'https://127.0.0.1:10259/readyz');
    }
  });

  it('complain about no flag, file or permission', () => {
    for (const [name, pod] of lab.pods) {
      expect(flagComplaints(pod.output()), name).toEqual([]);
    }
  });

  it('let the anonymous see the three health paths and nothing else', async () => {
    const paths = ['livez', 'readyz', 'healthz', 'version', 'livez/ping', 'api', 'metrics', 'openid/v1/jwks'];
    const { stdout } = await lab.shell(
      'cp-1',
      `for path in ${paths.join(' ')}; do curl -ks -o /dev/null -w '%{http_code} ' "${API}/$path"; done`,
    );
    expect(stdout.trim().split(' ')).toEqual(['200', '200', '200', ...Array(5).fill('401')]);
  });
});

describe('the bootstrap script', () => {
  it('finds an operator who may do nothing yet', async () => {
    const { stdout } = await lab.kubectl('cp-1', 'operator', "auth can-i '*' '*' || true");
    expect(stdout.trim()).toBe('no');
  });

  it('applies the objects and labels the nodes, also one that registers late, and leaves no credential', async () => {
    await register('cp-1');
    const running = MACHINES.map((machine) =>
      lab.shell(machine, `mkdir -m 0700 -p /run/keelway/bootstrap; ${BOOTSTRAP}`),
    );
    await sleep(3000);
    await register('cp-2');
    for (const { exitCode, stdout, stderr } of await Promise.all(running)) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout.trim().split('\n').at(-1)).toBe('applied');
      expect(stdout).not.toMatch(/^(credential|cache)$/m);
    }
    expect(await bootstrapRequests('cp-1')).toEqual(
      expect.arrayContaining([
        'patch clusterrolebindings keelway:cluster-admins',
        'patch clusterrolebindings keelway:apiserver-kubelet-client',
        'patch clusterrolebindings keelway:node-certificate-rotation',
        'patch nodes cp-1',
      ]),
    );
    const labels = await admin('get nodes -o name -l node-role.kubernetes.io/control-plane=');
    expect(labels.trim().split('\n')).toEqual(['node/cp-1', 'node/cp-2']);
    expect((await admin("auth can-i '*' '*'")).trim()).toBe('yes');
    const bound = await admin('get clusterrolebindings -o name -l app.kubernetes.io/managed-by=keelway');
    expect(bound.trim().split('\n')).toHaveLength(3);
  });

  it('gives kube-vip its own lease and the API server the kubelets, and no more', async () => {
    const may = async (user: string, ...questions: string[]): Promise<string[]> => {
      const ask = `kubectl --kubeconfig /root/operator.conf auth can-i --as ${user}`;
      const { stdout } = await lab.shell(
        'cp-1',
        questions.map((question) => `${ask} ${question} 2>&1 || true`).join('\n'),
      );
      return stdout
        .trim()
        .split('\n')
        .filter((line) => /^(yes|no)\b/.test(line));
    };
    const lease = 'leases.coordination.k8s.io';
    const own = ['create', 'get', 'update'].map(
      (verb) => `${verb} ${lease}${verb === 'create' ? '' : '/plndr-cp-lock'}`,
    );
    const others = [`get ${lease}/kube-scheduler`, `list ${lease}`, `delete ${lease}/plndr-cp-lock`, 'get secrets'];
    expect(await may('kube-vip', ...[...own, ...others].map((question) => `${question} -n kube-system`))).toEqual([
      ...own.map(() => 'yes'),
      ...others.map(() => 'no'),
    ]);
    expect(
      await may('kube-apiserver-kubelet-client', 'get nodes --subresource=proxy', 'get secrets', 'delete nodes'),
    ).toEqual(['yes', 'no', 'no']);
  });

  it('does nothing, and makes no credential, when it runs again', async () => {
    const before = await bootstrapRequests('cp-1');
    expect(await lab.shell('cp-1', BOOTSTRAP)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await bootstrapRequests('cp-1')).toEqual(before);
  });

  it('labels a node that was deleted and registered anew', async () => {
    await admin('delete node cp-1');
    await register('cp-1');
    expect(await lab.shell('cp-1', BOOTSTRAP)).toMatchObject({ exitCode: 0 });
    expect(await admin('get node cp-1 --show-labels')).toContain('node-role.kubernetes.io/control-plane=');
  });

  it('applies everything again after a restart of the machine, harmlessly', async () => {
    const before = await admin('get clusterrolebindings -o yaml -l app.kubernetes.io/managed-by=keelway');
    expect(await lab.shell('cp-1', `rm /run/keelway/bootstrap/applied; ${BOOTSTRAP}`)).toMatchObject({ exitCode: 0 });
    expect(await admin('get clusterrolebindings -o yaml -l app.kubernetes.io/managed-by=keelway')).toBe(before);
  });
});

describe('the running control plane', () => {
  it('has one leader of each kind', async () => {
    const leases = await admin(
      "get leases -n kube-system kube-controller-manager kube-scheduler -o jsonpath='{.items[*].spec.holderIdentity}'",
    );
    expect(leases).toMatch(/^cp-[12]_\S+ cp-[12]_\S+$/);
  });

  it('finds nothing wrong with the static pods', async () => {
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      const manifest = `/etc/kubernetes/manifests/${name}.yaml`;
      expect(await admin(`create --dry-run=server --validate=strict -f ${manifest}`)).toContain(`pod/${name} created`);
    }
  });

  it('stores Secrets as ciphertext and keeps their values out of the audit log', async () => {
    await admin('create secret generic example --from-literal=word=hushhushhush');
    const { stdout } = await lab.shell(
      'etcd-1',
      'set -a; . /etc/etcd/etcdctl.env; etcdctl get /registry/secrets/default/example',
    );
    expect(stdout).toContain('k8s:enc:secretbox:v1:key-1:');
    expect(stdout).not.toContain('hushhushhush');
    expect(await admin("get secret example -o jsonpath='{.data.word}'")).toBe(btoa('hushhushhush'));
    for (const machine of MACHINES) {
      const { stdout: count } = await lab.shell(
        machine,
        `grep -cE 'hushhushhush|${btoa('hushhushhush')}' /var/log/kubernetes/audit/audit.log || true`,
      );
      expect(count.trim()).toBe('0');
    }
  });

  it('refuses a privileged pod in an ordinary namespace', async () => {
    const run = 'run example --image=example --privileged --dry-run=server';
    const { stderr } = await lab.kubectl('cp-1', 'operator', run);
    expect(stderr).toContain('violates PodSecurity "baseline:latest"');
    expect(await admin(`${run} -n kube-system`)).toContain('created');
  });

  it('renews the client certificate of a kubelet with the node-signer, and signs for nobody else', async () => {
    const request = async (name: string, signer: string, subject: string) => {
      const { stdout } = await lab.shell(
        'cp-1',
        'openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null ' +
          `-subj ${subject} 2>/dev/null | base64 -w0`,
      );
      const spec = {
        request: stdout,
        signerName: `kubernetes.io/${signer}`,
        usages: ['digital signature', 'client auth'],
      };
      const metadata = { name };
      return JSON.stringify({
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata,
        spec,
      });
    };
    const own = await request('own', 'kube-apiserver-client-kubelet', '/O=system:nodes/CN=system:node:cp-1');
    const other = await request('other', 'kube-apiserver-client', '/CN=somebody');
    await lab.kubectl('cp-1', 'kubelet', 'create -f -', own);
    await admin('create -f -', other);
    await admin('certificate approve other');
    await admin("wait --for=jsonpath='{.status.certificate}' --timeout=20s csr/own");
    const { stdout } = await lab.shell(
      'cp-1',
      `kubectl --kubeconfig /root/operator.conf get csr own -o jsonpath='{.status.certificate}' | base64 -d >/root/new.pem
      openssl verify -CAfile /etc/kubernetes/pki/controller-manager/node-signer.crt -purpose sslclient /root/new.pem`,
    );
    expect(stdout).toContain('OK');
    expect(await admin("get csr other -o jsonpath='{.status.certificate}'")).toBe('');
  });

  it('is not ready any more, yet still serves, while it stops', async () => {
    const server = lab.pods.get('cp-2 kube-apiserver');
    server?.signal('SIGTERM');
    await sleep(1500);
    const { stdout } = await lab.shell(
      'cp-2',
      `for path in readyz livez; do curl -ks -o /dev/null -w '%{http_code} ' ${API}/$path; done`,
    );
    expect(stdout.trim()).toBe('500 200');
    expect(await lab.kubectl('cp-2', 'operator', 'get nodes')).toMatchObject({ exitCode: 0 });
  });
});
