import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { ProgramLab } from '../harness/program-lab.ts';

const ACCESS = readFileSync(fileURLToPath(new URL('../harness/access.py', import.meta.url)), 'utf8');

/** Every client credential of the Kubernetes CA by where it is: machine, certificate, key. */
const CREDENTIALS: Readonly<Record<string, readonly [machine: string, certificate: string, key: string]>> = {
  'kubelet of cp-1': ['cp-1', KUBELET(), KUBELET()],
  'kubelet of worker-1': ['worker-1', KUBELET(), KUBELET()],
  'kube-controller-manager': pair('cp-1', '/etc/kubernetes/pki/controller-manager/client'),
  'kube-scheduler': pair('cp-1', '/etc/kubernetes/pki/scheduler/client'),
  'kube-proxy': pair('worker-1', '/etc/kubernetes/pki/kube-proxy/client'),
  'kube-vip': pair('cp-1', '/etc/kube-vip/client'),
  'apiserver-kubelet-client': pair('cp-1', '/etc/kubernetes/pki/apiserver/kubelet-client'),
};

function KUBELET(): string {
  return '/var/lib/kubelet/pki/kubelet-client-current.pem';
}

function pair(machine: string, path: string): readonly [string, string, string] {
  return [machine, `${path}.crt`, `${path}.key`];
}

const EVERYTHING = { verb: '*', group: '*', resource: '*' };

/** What a thief would try first, and what each of them needs. */
const QUESTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'do everything': EVERYTHING,
  'read own node cp-1': { verb: 'get', resource: 'nodes', name: 'cp-1' },
  'read own node worker-1': { verb: 'get', resource: 'nodes', name: 'worker-1' },
  'delete node cp-2': { verb: 'delete', resource: 'nodes', name: 'cp-2' },
  'update status of node cp-1': { verb: 'update', resource: 'nodes', subresource: 'status', name: 'cp-1' },
  'update status of node worker-1': { verb: 'update', resource: 'nodes', subresource: 'status', name: 'worker-1' },
  'update status of node cp-2': { verb: 'update', resource: 'nodes', subresource: 'status', name: 'cp-2' },
  'list all nodes': { verb: 'list', resource: 'nodes' },
  'proxy to node cp-2': { verb: 'get', resource: 'nodes', subresource: 'proxy', name: 'cp-2' },
  'read logs of kubelets': { verb: 'get', resource: 'nodes', subresource: 'log', name: 'cp-2' },
  'list all secrets': { verb: 'list', resource: 'secrets' },
  'read a secret in kube-system': { verb: 'get', resource: 'secrets', namespace: 'kube-system', name: 'example' },
  'list all pods': { verb: 'list', resource: 'pods' },
  'create a pod': { verb: 'create', resource: 'pods', namespace: 'default' },
  'bind a pod': { verb: 'create', resource: 'pods', subresource: 'binding', namespace: 'default' },
  'exec in a pod': { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'default' },
  'list services': { verb: 'list', resource: 'services' },
  'list endpoint slices': { verb: 'list', group: 'discovery.k8s.io', resource: 'endpointslices' },
  'token of a service account': {
    verb: 'create',
    resource: 'serviceaccounts',
    subresource: 'token',
    namespace: 'kube-system',
  },
  'create a signing request': { verb: 'create', group: 'certificates.k8s.io', resource: 'certificatesigningrequests' },
  'approve a signing request': {
    verb: 'update',
    group: 'certificates.k8s.io',
    resource: 'certificatesigningrequests',
    subresource: 'approval',
  },
  'bind roles': { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' },
  'impersonate admins': { verb: 'impersonate', resource: 'groups', name: 'system:masters' },
  'hold the lease of kube-vip': lease('update', 'plndr-cp-lock'),
  'hold another lease': lease('update', 'kube-scheduler'),
  'create leases': lease('create', ''),
  'renew lease of node cp-1': nodeLease('cp-1'),
  'renew lease of node worker-1': nodeLease('worker-1'),
  'renew lease of node cp-2': nodeLease('cp-2'),
  'read /metrics': { verb: 'get', path: '/metrics' },
};

function lease(verb: string, name: string): Record<string, string> {
  return { verb, group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-system', name };
}

function nodeLease(name: string): Record<string, string> {
  return { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease', name };
}

/**
 * Who may do what, for each credential that is on some machine or with the operator.
 *
 * @param golden - Name of the golden files, one for each VIP profile that differs in rights.
 */
export function judgeIdentity(lab: () => ProgramLab, golden: string): void {
  const folder = new URL('../golden/', import.meta.url);

  it('gives each credential the rights that it needs: kubectl auth can-i --list', async () => {
    const sections: string[] = [];
    for (const [name, [machine, certificate, key]] of Object.entries(CREDENTIALS)) {
      const server = machine.startsWith('worker') ? 'https://127.0.0.1:7445' : 'https://127.0.0.1:6443';
      const list = await lab().ask(
        machine,
        `kubectl --kubeconfig /dev/null --server ${server} --certificate-authority /root/ca.crt --client-certificate ${certificate} --client-key ${key} auth can-i --list -n kube-system 2>&1`,
      );
      sections.push(section(name, list));
    }
    sections.push(
      section('operator (keelway kubeconfig)', await lab().kubectl('auth can-i --list -n kube-system 2>&1')),
    );
    await expect(sections.join('\n')).toMatchFileSnapshot(fileURLToPath(new URL(`can-i-list-${golden}.txt`, folder)));
  });

  it('lets a node touch only itself, and nobody more than its work: a matrix of decisions', async () => {
    const answers: Record<string, readonly string[]> = {};
    for (const machine of ['cp-1', 'worker-1']) {
      const here = Object.entries(CREDENTIALS).filter(([, [where]]) => where === machine);
      const credentials = Object.fromEntries(here.map(([name, [, certificate, key]]) => [name, [certificate, key]]));
      const server = machine === 'cp-1' ? '127.0.0.1:6443' : '127.0.0.1:7445';
      const text = await lab().ask(
        machine,
        `python3 -c "$(cat <<'END'\n${ACCESS}\nEND\n)" ${server} /root/ca.crt`,
        JSON.stringify({ credentials, questions: QUESTIONS }),
      );
      Object.assign(answers, JSON.parse(text));
    }
    const rows = Object.keys(QUESTIONS).map((question) =>
      [question.padEnd(32), ...Object.keys(CREDENTIALS).map((name) => cell(answers[name], question, name))].join(' '),
    );
    const head = [''.padEnd(32), ...Object.keys(CREDENTIALS)].join(' ');
    await expect([head, ...rows, ''].map((line) => line.trimEnd()).join('\n')).toMatchFileSnapshot(
      fileURLToPath(new URL(`decisions-${golden}.txt`, folder)),
    );
  });

  it('keeps a kubelet from the objects of other nodes, although its role names them', async () => {
    const kubectl = 'kubectl --kubeconfig /etc/kubernetes/kubelet.conf';
    const label = await lab().shell('worker-1', `${kubectl} label node worker-2 example.com/mine=yes`);
    expect(label.exitCode).not.toBe(0);
    expect(label.stderr).toContain('is forbidden');
    const role = await lab().shell('worker-1', `${kubectl} label node worker-1 node-role.kubernetes.io/control-plane=`);
    expect(role.stderr).toContain('is not allowed to modify labels: node-role.kubernetes.io/control-plane');
    expect((await lab().shell('worker-1', `${kubectl} label node worker-1 example.com/mine=yes`)).exitCode).toBe(0);
  });

  it('keeps a kubelet from the status, the lease and the pods of other nodes, and lets it have its own', async () => {
    const kubectl = 'kubectl --kubeconfig /etc/kubernetes/kubelet.conf';
    const uid = await lab().kubectl("get node worker-1 -o jsonpath='{.metadata.uid}'");
    // kubectl would read the status first, which no kubelet does or may.
    const status = async (node: string): Promise<string> =>
      await lab().ask(
        'worker-1',
        `curl -s --cacert /root/ca.crt --cert ${KUBELET()} --key ${KUBELET()} -o /dev/null -w '%{http_code}' \\
           -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"status":{"phase":"Running"}}' \\
           https://127.0.0.1:7445/api/v1/nodes/${node}/status`,
      );
    expect({ 'worker-1': await status('worker-1'), 'worker-2': await status('worker-2') }).toEqual({
      'worker-1': '200',
      'worker-2': '403',
    });
    const attempts: Readonly<Record<string, (node: string) => readonly [command: string, input?: object]>> = {
      lease: (node) => [
        'create -f -',
        {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: node, namespace: 'kube-node-lease' },
          spec: { holderIdentity: 'worker-1', leaseDurationSeconds: 40 },
        },
      ],
      // A mirror of a static pod is all that a kubelet may make.
      pod: (node) => [
        'create --dry-run=server -f -',
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: {
            name: `example-${node}`,
            namespace: 'kube-system',
            annotations: { 'kubernetes.io/config.mirror': 'example' },
            ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'worker-1', uid, controller: true }],
          },
          spec: { nodeName: node, containers: [{ name: 'example', image: 'example' }] },
        },
      ],
      'the node itself': (node) => [`delete --dry-run=server node ${node}`],
    };
    const attempt = async (what: string, node: string): Promise<string> => {
      const [command, input] = attempts[what]?.(node) ?? [''];
      const { exitCode, stderr } = await lab().shell('worker-1', `${kubectl} ${command}`, JSON.stringify(input ?? ''));
      return exitCode === 0 ? 'allowed' : stderr;
    };
    for (const what of ['lease', 'pod']) expect(await attempt(what, 'worker-1'), what).toBe('allowed');
    for (const what of Object.keys(attempts)) {
      expect(await attempt(what, 'worker-2'), what).toContain('orbidden');
    }
    expect(await attempt('the node itself', 'worker-1')).toContain('orbidden');
  });

  it('answers the anonymous on the three health paths and nowhere else', async () => {
    const paths = [
      ...['/livez', '/readyz', '/healthz', '/readyz?verbose', '/', '/version', '/api', '/apis', '/api/v1/nodes'],
      ...['/livez/ping', '/readyz/etcd', '/healthz/etcd', '/metrics', '/openapi/v2', '/openid/v1/jwks'],
      ...['/.well-known/openid-configuration', '/logs', '/debug/pprof/', '/livez/', '//livez', '/LIVEZ'],
    ];
    const answers: Record<string, string> = {};
    for (const path of paths) {
      answers[path] = await lab().ask(
        'cp-1',
        `curl -s --path-as-is --cacert /root/ca.crt -o /dev/null -w '%{http_code}' 'https://127.0.0.1:6443${path}'`,
      );
    }
    const open = paths.slice(0, 4);
    expect(answers).toEqual(
      Object.fromEntries(
        paths.map((path) => [path, open.includes(path) ? '200' : expect.stringMatching(/^40[13]$|^301$/)]),
      ),
    );
  });

  it('takes no header for an identity, but from the front proxy, and the front proxy for nobody', async () => {
    const folder = '/etc/kubernetes/pki/apiserver';
    const ask = (certificate: string, header: string) =>
      lab().ask(
        'cp-1',
        `curl -s --cacert /root/ca.crt --cert ${folder}/${certificate}.crt --key ${folder}/${certificate}.key ${header} -o /dev/null -w '%{http_code}' https://127.0.0.1:6443/api/v1/namespaces/kube-system/secrets`,
      );
    const admin = "-H 'X-Remote-User: somebody' -H 'X-Remote-Group: system:masters'";
    expect(await ask('front-proxy-client', '')).toBe('401');
    expect(await ask('kubelet-client', admin)).toBe('403');
    // It is what aggregated APIs rely on; the certificate never leaves the control plane.
    expect(await ask('front-proxy-client', admin)).toBe('200');
    expect(await ask('etcd-client', '')).toBe('401');
  });

  it('lets only etcd’s own clients and peers speak to etcd', async () => {
    const pki = '/etc/kubernetes/pki/apiserver';
    const member = lab().built.plan.machines.find(({ machine }) => machine.runsEtcd);
    const address = member?.network.address ?? '';
    const etcd = member?.machine.name ?? '';
    const ask = async (machine: string, port: number, credential: string, authority: string): Promise<number> => {
      const options = credential === '' ? '' : `--cert ${credential}.crt --key ${credential}.key`;
      const url = `https://${address}:${port}/version`;
      return (
        await lab().shell(
          machine,
          `curl -s --http1.1 --max-time 5 --cacert ${authority} ${options} -o /dev/null ${url}`,
        )
      ).exitCode;
    };
    expect(await ask('cp-1', 2379, `${pki}/etcd-client`, `${pki}/etcd-ca.crt`)).toBe(0);
    for (const credential of ['', `${pki}/kubelet-client`, `${pki}/front-proxy-client`, `${pki}/apiserver`]) {
      expect(await ask('cp-1', 2379, credential, `${pki}/etcd-ca.crt`), credential).not.toBe(0);
    }
    const own = '/etc/etcd/pki';
    expect(await ask(etcd, 2379, `${own}/peer`, `${own}/ca.crt`)).not.toBe(0);
    expect(await ask(etcd, 2380, `${own}/healthcheck-client`, `${own}/peer-ca.crt`)).not.toBe(0);
    expect(await ask(etcd, 2380, `${own}/peer`, `${own}/peer-ca.crt`)).toBe(0);
  });
}

function section(name: string, list: string): string {
  // Blanks depend on the longest name; what two roles give stands there twice.
  const lines = list.split('\n').map((line) =>
    line
      .replaceAll(/ {2,}/g, '  ')
      .trimEnd()
      .replace(/\[([a-z ]+)\]$/, (_, verbs: string) => `[${verbs.split(' ').sort().join(' ')}]`),
  );
  const rows = lines.filter((line) => !line.startsWith('Resources ') && !line.startsWith('Warning: '));
  return `== ${name}\n${[...new Set(rows)].sort().join('\n')}\n`;
}

function cell(allowed: readonly string[] | undefined, question: string, name: string): string {
  if (!Array.isArray(allowed)) throw new Error(`${name}: ${String(allowed)}`);
  return (allowed.includes(question) ? 'yes' : '-').padEnd(name.length);
}
