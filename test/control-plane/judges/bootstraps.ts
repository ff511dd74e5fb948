import { expect, it } from 'vitest';
import { type Cluster, machinesOf } from '../../../lib/model/cluster.ts';
import { eventually, type ProgramLab } from '../harness/program-lab.ts';

const UNIT = 'keelway-bootstrap.service';

/** The unit that gives the cluster its first permissions, run on every control-plane machine as it boots. */
export function judgeBootstrap(lab: () => ProgramLab): void {
  const cluster = (): Cluster => lab().built.plan.cluster;
  const names = (): string[] => machinesOf(cluster(), 'control-plane').map(({ name }) => name);

  it('lets kubelets register their nodes, workers through their own balancer', async () => {
    for (const { name, runsKubelet } of cluster().machines) {
      if (runsKubelet) await registerNode(lab(), name);
    }
  });

  it('applies its objects, labels the nodes that registered late, and leaves no credential', async () => {
    await eventually('bootstrap done', 180_000, async () =>
      names().every((name) => lab().programs.program(name, UNIT).state() === 'done'),
    );
    const bindings = await lab().kubectl(
      `get clusterrolebindings -l app.kubernetes.io/managed-by=keelway -o go-template='{{range .items}}{{.metadata.name}} {{.roleRef.name}} {{range .subjects}}{{.kind}}:{{.name}}{{end}}{{"\\n"}}{{end}}'`,
    );
    expect(bindings.split('\n')).toEqual([
      'keelway:apiserver-kubelet-client system:kubelet-api-admin User:kube-apiserver-kubelet-client',
      'keelway:cluster-admins cluster-admin Group:keelway:cluster-admins',
      'keelway:node-certificate-rotation system:certificates.k8s.io:certificatesigningrequests:selfnodeclient Group:system:nodes',
    ]);
    for (const name of names()) {
      expect(await labelsOf(lab(), name)).toEqual(
        expect.arrayContaining([
          'node-role.kubernetes.io/control-plane',
          ...(cluster().controlPlane.schedulable ? [] : ['node.kubernetes.io/exclude-from-external-load-balancers']),
        ]),
      );
      expect(await lab().ask(name, 'find /run/keelway/bootstrap')).not.toContain('credential');
    }
  });

  it('is harmless, and makes no credential, when it runs again', async () => {
    const before = await stateOf(lab());
    const [name = ''] = names();
    const unit = lab().programs.program(name, UNIT);
    await unit.start();
    expect(unit.state()).toBe('done');
    expect(await stateOf(lab())).toBe(before);
  });

  it('applies all of it again after a restart, and changes nothing', async () => {
    const before = await stateOf(lab());
    const [name = ''] = names();
    await lab().ask(name, 'rm /run/keelway/bootstrap/applied');
    const unit = lab().programs.program(name, UNIT);
    await unit.start();
    expect(unit.state()).toBe('done');
    expect(await stateOf(lab())).toBe(before);
    expect(await lab().ask(name, 'find /run/keelway/bootstrap')).not.toContain('credential');
  });

  it('labels a node that was deleted and registers anew', async () => {
    const name = names().at(-1) ?? '';
    await lab().kubectl(`delete node ${name}`);
    await registerNode(lab(), name);
    const unit = lab().programs.program(name, UNIT);
    await unit.start();
    expect(unit.state()).toBe('done');
    expect(await labelsOf(lab(), name)).toContain('node-role.kubernetes.io/control-plane');
  });
}

/** All that the unit sets; the rest of a node changes by itself. */
async function stateOf(lab: ProgramLab): Promise<string> {
  const labels = '{range .items[*]}{.metadata.name} {.metadata.labels}{"\\n"}{end}';
  const bindings = await lab.kubectl('get clusterrolebindings,roles,rolebindings -A -o yaml');
  return `${bindings}\n${await lab.kubectl(`get nodes -o jsonpath='${labels}'`)}`;
}

/** As the kubelet does: with its own credential, through the server of its own kubeconfig. */
async function registerNode(lab: ProgramLab, name: string): Promise<void> {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
  const kubectl = 'kubectl --kubeconfig /etc/kubernetes/kubelet.conf create -f -';
  expect(await lab.ask(name, kubectl, JSON.stringify(node))).toBe(`node/${name} created`);
}

async function labelsOf(lab: ProgramLab, name: string): Promise<string[]> {
  const text = await lab.kubectl(`get node ${name} -o jsonpath='{.metadata.labels}'`);
  return Object.keys(text === '' ? {} : JSON.parse(text));
}
