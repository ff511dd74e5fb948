import { expect, it } from 'vitest';
import type { TestLab } from '../test-lab.ts';
import { ask, eventually } from './ask.ts';
import { echoPods } from './pods.ts';

const AUTHORITIES = '/etc/kubernetes/pki/ca.crt';

/** What API servers ask kubelets for, and whom they trust. Needs the pods of {@link judgePods}. */
export function judgeKubeletAccess(up: () => TestLab): void {
  const kubelets = () => up().cluster.machines.filter(({ runsKubelet }) => runsKubelet);

  it('has kubelets whose serving certificate verifies for their name and address, and who want to know the caller', async () => {
    const { lab } = up();
    for (const { name, address } of kubelets()) {
      for (const host of [name, address]) {
        const script = `curl -sS --cacert ${AUTHORITIES} -o /dev/null -w '%{http_code}' https://${host}:10250/pods`;
        expect(await ask(lab, 'cp-1', script), host).toBe('401');
      }
    }
  });

  it('reaches every kubelet through the API server', async () => {
    const { lab } = up();
    for (const { name } of kubelets()) {
      expect(await lab.kubectl(['get', '--raw', `/api/v1/nodes/${name}/proxy/healthz`]), name).toBe('ok');
    }
  });

  it('shows the logs of every static pod', async () => {
    const { lab } = up();
    for (const { name, role } of kubelets()) {
      if (role !== 'control-plane') continue;
      for (const pod of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-vip']) {
        const log = await lab.kubectl(['logs', '--namespace=kube-system', '--tail=5', `${pod}-${name}`]);
        expect(log.trim(), `${pod}-${name}`).not.toBe('');
      }
    }
  });

  it('executes a program in a pod of every worker', async () => {
    const { lab } = up();
    for (const { name } of await echoPods(lab)) {
      expect(await lab.kubectl(['exec', name, '--', '/usr/local/bin/echo', '--version'])).toBe('1.0.0\n');
    }
  });

  it('forwards a port of a pod to the operator', async () => {
    const { lab } = up();
    for (const { name } of await echoPods(lab)) {
      const answer = await ask(
        lab,
        'client',
        `kubectl port-forward pod/${name} 18080:8080 >/tmp/forward 2>&1 & trap "kill $!" EXIT
         curl -s --retry 40 --retry-delay 1 --retry-connrefused --max-time 50 http://127.0.0.1:18080/forwarded`,
      );
      expect(answer).toContain(`hostname: ${name}\n`);
      expect(answer).toContain('path: /forwarded');
    }
  });
}

/** Changes a worker, and puts it back. */
export function judgeForeignKubelet(up: () => TestLab): void {
  it('refuses a kubelet that shows a certificate of its own making', async () => {
    const { lab } = up();
    const pod = (await echoPods(lab)).at(-1);
    if (pod === undefined) throw new Error('there is no pod');
    const drop = '/etc/kubernetes/kubelet/config.d/95-foreign.conf';
    const exec = async () =>
      await lab.run('client', ['kubectl', 'exec', pod.name, '--', '/usr/local/bin/echo', '--version']);
    await ask(
      lab,
      pod.node,
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=system:node:${pod.node} \\
         -addext "subjectAltName=DNS:${pod.node},IP:$(hostname -I | cut -d ' ' -f 1)" -keyout /root/foreign.key -out /root/foreign.crt 2>/dev/null
       printf '%s\\n' 'apiVersion: kubelet.config.k8s.io/v1beta1' 'kind: KubeletConfiguration' \\
         'tlsCertFile: /root/foreign.crt' 'tlsPrivateKeyFile: /root/foreign.key' >${drop}
       systemctl restart kubelet`,
      { timeoutMs: 120_000 },
    );
    await eventually('a refusal', 60_000, async () =>
      (await exec()).stderr.includes('x509: certificate signed by unknown authority'),
    );
    await ask(lab, pod.node, `rm ${drop} /root/foreign.*; systemctl restart kubelet`, { timeoutMs: 120_000 });
    await eventually('trust again', 60_000, async () => (await exec()).exitCode === 0);
  }, 400_000);
}
