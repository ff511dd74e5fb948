import { expect, it } from 'vitest';
import { etcdMembers } from '../../../lib/model/cluster.ts';
import { eventually, type ProgramLab } from '../harness/program-lab.ts';
import { ETCDCTL, status } from './forms.ts';

/** What the loss of one etcd member means to users of the API. */
export function judgeQuorum(lab: () => ProgramLab, timeline: Record<string, number>): void {
  const members = (): readonly string[] => etcdMembers(lab().built.plan.cluster).map(({ name }) => name);
  const controlPlane = (): string =>
    lab().built.plan.machines.find(({ machine }) => machine.role === 'control-plane')?.machine.name ?? '';
  const write = async (name: string) =>
    await lab().shell(
      controlPlane(),
      `kubectl --kubeconfig /root/admin.kubeconfig --server https://127.0.0.1:6443 --request-timeout=10s create configmap ${name}`,
    );

  it('stops writes when one of two members is lost, or goes on with one of three; and says so', async () => {
    const [first = '', lost = ''] = members();
    await eventually('ready before', 120_000, async () => (await write(`before-${Date.now()}`)).exitCode === 0);
    await lab().programs.program(lost, 'etcd.service').stop('SIGKILL');
    const startMs = performance.now();
    if (members().length === 2) {
      const result = await write('while-one-is-lost');
      expect(result.exitCode).not.toBe(0);
      expect(result.stderr).toMatch(
        /etcdserver: (?:request timed out|no leader)|context deadline exceeded|Timeout|timed out/,
      );
      const readyz = await lab().shell(
        controlPlane(),
        "curl -s --cacert /root/ca.crt --max-time 8 -o /dev/null -w '%{http_code}' https://127.0.0.1:6443/readyz || :",
      );
      expect(['500', '000']).toContain(readyz.stdout.trim());
      const { stderr } = await lab().shell(first, `${ETCDCTL} endpoint health`);
      expect(stderr).toContain('unhealthy');
    } else {
      // If it was the leader, the others elect a new one first.
      await eventually('a write', 60_000, async () => (await write(`while-${Date.now()}`)).exitCode === 0);
      timeline['writes after one of three was killed'] = Math.round((performance.now() - startMs) / 100) / 10;
      await eventually('ready', 60_000, async () => (await status(lab(), controlPlane(), '/readyz')) === '200');
    }
  });

  it('takes the member back with its data, by no hand', async () => {
    const [first = '', lost = ''] = members();
    const startMs = performance.now();
    await lab().programs.program(lost, 'etcd.service').start();
    await eventually('all members healthy', 90_000, async () => {
      const { exitCode } = await lab().shell(first, `${ETCDCTL} endpoint health --cluster`);
      return exitCode === 0;
    });
    await eventually('a write', 90_000, async () => (await write(`after-${Date.now()}`)).exitCode === 0);
    timeline[`writes after etcd came back`] = Math.round((performance.now() - startMs) / 100) / 10;
    const hashes = await eventually('equal data', 60_000, async () => {
      const text = await lab().ask(first, `${ETCDCTL} endpoint hashkv --cluster --write-out=json`);
      const found = (JSON.parse(text) as { HashKV: { hash: number } }[]).map(({ HashKV }) => HashKV.hash);
      return new Set(found).size === 1 && found;
    });
    expect(hashes).toHaveLength(members().length);
  });

  it('refuses to form or join by mistake when a member has lost its disk', async () => {
    const lost = members().at(-1) ?? '';
    const unit = lab().programs.program(lost, 'etcd.service');
    await unit.stop();
    const { dataDirectory } = lab().built.plan.cluster.etcd;
    await lab().ask(lost, `mv ${dataDirectory} ${dataDirectory}.lost`);
    await unit.start();
    await eventually('refused', 90_000, async () => unit.state() === 'failed');
    expect(unit.log()).toContain('its data is lost');
    // The disk is found again.
    await lab().ask(lost, `rm -r ${dataDirectory}; mv ${dataDirectory}.lost ${dataDirectory}`);
    await unit.start();
    await eventually('healthy', 90_000, async () => {
      const { exitCode } = await lab().shell(lost, `${ETCDCTL} endpoint health --cluster`);
      return exitCode === 0;
    });
  });
}
