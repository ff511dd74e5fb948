import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleText } from '../support/clusters.ts';
import { eventually, type ProgramLab, startLab } from './harness/program-lab.ts';
import { judgeForming } from './judges/forms.ts';

const KEELWAY = fileURLToPath(new URL('../../cli.ts', import.meta.url));
const NODE = 'node-1';

/** One machine that is everything and holds no CA key; the operator gives the cluster its first permissions. */
let lab: ProgramLab;
/** The numbered steps that `keelway build` prints. */
let steps: readonly string[];

beforeAll(async () => {
  lab = await startLab(exampleText('single').replace('  access:\n', '  pki: {nodeSigner: offline}\n  access:\n'));
  const { folder } = lab.built;
  const { stderr } = await execa(process.execPath, [KEELWAY, 'build', 'cluster.yaml', '-o', 'again'], { cwd: folder });
  steps = [...stderr.matchAll(/^ {2}\d\. (.*)$/gm)].map(([, step = '']) => step);
});

afterAll(async () => {
  await lab?.stop();
});

describe('a cluster whose node-signer is offline', () => {
  it('gets its API server ready', async () => {
    const ask = 'curl -s --cacert /root/ca.crt --max-time 5 https://10.0.0.11:6443/readyz || :';
    await eventually('ready', 90_000, async () => (await lab.ask(NODE, ask)) === 'ok');
  });

  it('has no CA key and no bootstrap unit on its machine, and lets the kubelet register', async () => {
    expect(await lab.ask(NODE, 'find / -xdev -name "node-signer.key" -o -xdev -name "keelway-bootstrap*"')).toBe('');
    const node = JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } });
    await lab.ask(NODE, 'kubectl --kubeconfig /etc/kubernetes/kubelet.conf create -f -', node);
  });

  it('has no administrator at first', async () => {
    await expect(lab.kubectl('get nodes')).rejects.toThrow(/"kubernetes-admin" cannot list resource "nodes"/);
  });

  it('has one, and a labelled node, after the steps that keelway build printed', async () => {
    expect(steps).toHaveLength(5);
    expect(steps[0]).toMatch(/^start each machine .*, until https:\/\/10\.0\.0\.11:6443\/readyz answers$/);
    for (const step of steps.slice(1)) for (const command of step.split('; ')) await follow(command);
    expect(await lab.kubectl('get nodes -o name')).toBe(`node/${NODE}`);
    const labels = await lab.kubectl(`get node ${NODE} -o jsonpath='{.metadata.labels}'`);
    expect(JSON.parse(labels)).toHaveProperty('node-role.kubernetes.io/control-plane', '');
  });

  it('lets API servers use the API of kubelets, which logs and exec take', async () => {
    const who = '--as kube-apiserver-kubelet-client';
    for (const resource of ['log', 'proxy', 'metrics', 'stats']) {
      expect(await lab.kubectl(`auth can-i get nodes/${resource} ${who}`), resource).toBe('yes');
    }
  });

  // Only now: it looks with the operator's rights.
  judgeForming(() => lab, {});

  it('takes the same steps again and changes nothing', async () => {
    const bindings = () => lab.kubectl('get clusterrolebindings,nodes -o yaml --show-managed-fields=false');
    const before = await bindings();
    for (const step of steps.slice(1, 4)) await follow(step);
    expect(await bindings()).toBe(before);
  });

  it('still has an administrator after a power cut, without anybody', async () => {
    await lab.powerOff(NODE);
    await lab.powerOn(NODE);
    await eventually('the API', 60_000, async () => (await lab.kubectl('get nodes -o name')) === `node/${NODE}`);
  });
});

/** keelway where the cluster file is, all else on the machine; files go the same way. */
async function follow(command: string): Promise<void> {
  const { folder } = lab.built;
  if (!command.startsWith('keelway ')) {
    await lab.ask(NODE, `cd /root && ${command}`);
    return;
  }
  await execa(process.execPath, [KEELWAY, ...command.split(' ').slice(1)], { cwd: folder });
  for (const file of ['super-admin.kubeconfig', 'again/objects.yaml']) {
    const target = lab.sandbox.hostPath(NODE, join('/root', file));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(folder, file), target);
  }
  expect(readFileSync(join(folder, 'secrets.yaml.leaves/_operator.json'), 'utf8')).not.toContain('super-admin');
}
