import { expect, it } from 'vitest';
import { machinesOf } from '../../../lib/model/cluster.ts';
import { eventually, type ProgramLab } from '../harness/program-lab.ts';

const WORD = 'hushhushhush';

/** What is kept, and what is written down about it. */
export function judgeStorage(lab: () => ProgramLab): void {
  it('keeps Secrets as ciphertext in etcd, ConfigMaps in clear, and reads both through every API server', async () => {
    await lab().kubectl(`create secret generic example --from-literal=word=${WORD}`);
    await lab().kubectl(`create configmap example --from-literal=word=${WORD}`);
    const [secret = ''] = await lab().etcdValues('/registry/secrets/default/example');
    expect(secret).toMatch(/^k8s:enc:secretbox:v1:key-1:/);
    expect(secret).not.toContain(WORD);
    const [map = ''] = await lab().etcdValues('/registry/configmaps/default/example');
    expect(map).toMatch(/^k8s\0/);
    expect(map).toContain(WORD);
    for (const { name } of machinesOf(lab().built.plan.cluster, 'control-plane')) {
      const word = await lab().ask(
        name,
        "kubectl --kubeconfig /root/admin.kubeconfig --server https://127.0.0.1:6443 get secret example -o jsonpath='{.data.word}'",
      );
      expect(atob(word)).toBe(WORD);
    }
  });

  it('writes an audit log for root alone, without the contents of Secrets, ConfigMaps and tokens', async () => {
    const token = await lab().kubectl('create token default');
    expect(token.split('.')).toHaveLength(3);
    let events = 0;
    for (const { name } of machinesOf(lab().built.plan.cluster, 'control-plane')) {
      const log = await lab().ask(name, 'cat /var/log/kubernetes/audit/audit.log');
      expect(log).not.toContain(WORD);
      expect(log).not.toContain(btoa(WORD));
      expect(log).not.toContain(token.split('.')[2]);
      events += log
        .split('\n')
        .filter((line) => line.includes('"resource":"secrets"') && line.includes('"example"')).length;
      expect(
        await lab().ask(name, 'stat -c "%a %U" /var/log/kubernetes/audit /var/log/kubernetes/audit/audit.log'),
      ).toBe('700 root\n600 root');
    }
    expect(events).toBeGreaterThanOrEqual(4);
  });
}

interface SubmitOptions {
  readonly usage?: string;
  /** Default: the kubelet's own. */
  readonly kubeconfig?: string;
}

/** Which certificates the cluster signs by itself. */
export function judgeSigning(lab: () => ProgramLab): void {
  const submit = async (
    machine: string,
    name: string,
    signer: string,
    subject: string,
    options: SubmitOptions = {},
  ) => {
    const request = await lab().ask(
      machine,
      `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/${name}.key -subj ${subject} 2>/dev/null | base64 -w0`,
    );
    const csr = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: {
        request,
        signerName: `kubernetes.io/${signer}`,
        usages: ['digital signature', options.usage ?? 'client auth'],
      },
    };
    const kubeconfig = options.kubeconfig ?? '/etc/kubernetes/kubelet.conf';
    return await lab().shell(machine, `kubectl --kubeconfig ${kubeconfig} create -f -`, JSON.stringify(csr));
  };
  const certificate = async (name: string): Promise<string> =>
    await lab().kubectl(`get csr ${name} -o jsonpath='{.status.certificate}'`);

  it('renews a kubelet’s own client certificate, signed by the node-signer, which the API accepts', async () => {
    const machine = 'worker-1';
    const subject = `/O=system:nodes/CN=system:node:${machine}`;
    expect((await submit(machine, 'renewal', 'kube-apiserver-client-kubelet', subject)).stderr).toBe('');
    const text = await eventually('certificate', 60_000, async () => (await certificate('renewal')) || undefined);
    const issuer = await lab().ask(
      machine,
      `echo ${text} | base64 -d >/root/renewal.crt
       openssl verify -purpose sslclient -CAfile /etc/kubernetes/pki/client-ca.crt /root/renewal.crt >/dev/null
       openssl x509 -in /root/renewal.crt -noout -issuer -subject -ext extendedKeyUsage`,
    );
    expect(issuer).toContain('node-signer');
    expect(issuer).toMatch(new RegExp(`subject=.*CN ?= ?system:node:${machine}`));
    expect(issuer).toContain('TLS Web Client Authentication');
    const who = await lab().ask(
      machine,
      'kubectl --kubeconfig /dev/null --server https://127.0.0.1:7445 --certificate-authority /root/ca.crt --client-certificate /root/renewal.crt --client-key /root/renewal.key auth whoami -o jsonpath={.status.userInfo.username}',
    );
    expect(who).toBe(`system:node:${machine}`);
  });

  it('renews for no other node and for nobody else, and signs for no other signer even when approved', async () => {
    const own = '/O=system:nodes/CN=system:node:worker-1';
    const other = await submit(
      'worker-1',
      'other',
      'kube-apiserver-client-kubelet',
      '/O=system:nodes/CN=system:node:cp-1',
    );
    // NodeRestriction refuses it, or nobody approves it.
    if (other.exitCode !== 0) expect(other.stderr).toContain('forbidden');
    const operator = { kubeconfig: '/root/admin.kubeconfig --server https://127.0.0.1:6443' };
    for (const result of [
      await submit('worker-1', 'serving', 'kubelet-serving', own, { usage: 'server auth' }),
      await submit('cp-1', 'client', 'kube-apiserver-client', '/CN=somebody', operator),
    ]) {
      expect(result.stderr).toBe('');
    }
    const legacy = await submit('cp-1', 'legacy', 'legacy-unknown', '/CN=somebody', operator);
    expect(legacy.stderr).toContain('the legacy signerName is not allowed');
    const names = ['serving', 'client'];
    await lab().kubectl(`certificate approve ${names.join(' ')}`);
    // A renewal that is signed meanwhile shows that the signers have looked.
    await submit('worker-2', 'second', 'kube-apiserver-client-kubelet', '/O=system:nodes/CN=system:node:worker-2');
    await eventually('certificate', 60_000, async () => (await certificate('second')) || undefined);
    for (const name of [...names, ...(other.exitCode === 0 ? ['other'] : [])])
      expect(await certificate(name), name).toBe('');
  });
}
