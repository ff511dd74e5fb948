import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { raiseHostSettings, restoreHostSettings } from '../../../lib/lab/host-settings.ts';
import { isTaken } from '../../../lib/lab/leftovers.ts';
import { type LabPrograms, programBinds, startPrograms } from '../../../lib/lab/programs/start-programs.ts';
import { labNames } from '../../../lib/lab/state.ts';
import { createSandbox, type Sandbox, type SandboxMachine } from '../../harness/sandbox.ts';
import type { RunResult } from '../../harness/sandbox-process.ts';
import type { StartTimes } from '../../support/complaints.ts';
import { toolPath } from '../../tools/tools.ts';
import { type BuiltCluster, buildCluster } from './built-cluster.ts';
import { ProgramLogs } from './program-logs.ts';
import { routerConfig } from './router.ts';

/** Beside the cluster's own machines: the gateway, a client behind it, and a host of the subnet without any route. */
export const ROUTER = 'router';
export const OUTSIDE_CLIENT = 'outside';
export const NEIGHBOUR = 'neighbour';

const OUTSIDE_SUBNET = '192.0.2.0/24';

export interface ProgramLab {
  readonly built: BuiltCluster;
  readonly sandbox: Sandbox;
  readonly programs: LabPrograms;
  readonly logs: ProgramLogs;
  /** Notes that the cluster has reached this now, unless it had before. */
  reached(what: 'API ready' | 'up'): void;
  /** @throws Error when one of them has not been noted. */
  startTimes(): StartTimes;
  /** Runs a script on a machine to its end. */
  shell(machine: string, script: string, input?: string): Promise<RunResult>;
  /** The same; throws when it fails. Returns its output without the last newline. */
  ask(machine: string, script: string, input?: string): Promise<string>;
  /** kubectl of the operator, with the kubeconfig of `keelway kubeconfig`, from a control-plane machine. */
  kubectl(args: string, input?: string): Promise<string>;
  /** Values in etcd below a prefix, as they are stored. */
  etcdValues(prefix: string): Promise<readonly string[]>;
  /** Since the machines were switched on. */
  seconds(): number;
  /** A power cut: every process ends at once; what was in memory is gone, network and /run too. */
  powerOff(machine: string): Promise<void>;
  powerOn(machine: string): Promise<void>;
  stop(): Promise<void>;
}

export interface ProgramLabOptions {
  /** Programs that are not started, by name, to save time. */
  readonly leaveOut?: readonly string[];
}

/** Builds a cluster and starts its programs; see startPrograms. */
export async function startLab(clusterFile: string, options: ProgramLabOptions = {}): Promise<ProgramLab> {
  const built = await buildCluster(clusterFile);
  const { plan } = built;
  const sandbox = await createSandbox({
    subnet: plan.cluster.network.nodeSubnet,
    networks: { outside: OUTSIDE_SUBNET },
    machines: [
      ...plan.machines.map(
        (machine): SandboxMachine => ({
          name: machine.machine.name,
          address: machine.network.address,
          ...(machine.network.macAddress && { mac: machine.network.macAddress }),
          ...(machine.network.gateway && { gateway: machine.network.gateway }),
          // kubectl everywhere, for the tests.
          binds: { ...programBinds(machine, findProgram), '/usr/local/bin/kubectl': toolPath('kubectl') },
        }),
      ),
      { name: ROUTER, address: '10.0.0.1', links: [{ network: 'outside', address: '192.0.2.1' }] },
      { name: OUTSIDE_CLIENT, address: '10.0.0.250', links: [{ network: 'outside', address: '192.0.2.10' }] },
      { name: NEIGHBOUR, address: '10.0.0.50' },
    ],
  });
  try {
    raiseHostSettings();
    await prepareOthers(sandbox, built);
    const logs = new ProgramLogs(join(built.folder, 'logs'));
    const startMs = Date.now();
    const programs = await startPrograms({
      plan,
      host: sandbox,
      leaveOut: options.leaveOut ?? [],
      logs: (machine, program, text) => logs.append(machine, program, text),
    });
    return labOf({ built, sandbox, programs, logs, startMs });
  } catch (error) {
    await sandbox.stop();
    leaveHostSettings();
    throw error;
  }
}

/** As they were, unless a lab of the command line runs too. */
function leaveHostSettings(): void {
  if (!labNames().some(isTaken)) restoreHostSettings();
}

function findProgram(name: string): string {
  return toolPath(name.startsWith('etcd') ? `${name}-3.6` : name);
}

async function prepareOthers(sandbox: Sandbox, { folder, plan, pki }: BuiltCluster): Promise<void> {
  const sh = async (machine: string, script: string): Promise<void> => {
    const { exitCode, stderr } = await sandbox.run(machine, ['sh', '-euc', script]);
    if (exitCode !== 0) throw new Error(`${machine}: ${stderr}`);
  };
  // The sandbox gives everyone an address in the subnet; the outside client has none.
  await sh(OUTSIDE_CLIENT, 'ip link del eth0; ip route add default via 192.0.2.1');
  writeFileSync(sandbox.hostPath(ROUTER, '/etc/bird/bird.conf'), routerConfig(plan.cluster));
  await sh(
    ROUTER,
    'sysctl -qw net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1 net.ipv4.conf.all.send_redirects=0; mkdir -p /run/bird',
  );
  await sandbox.start(ROUTER, ['bird', '-f', '-c', '/etc/bird/bird.conf', '-s', '/run/bird/bird.ctl']);
  const names = [...plan.machines.map(({ machine }) => machine.name), ROUTER, OUTSIDE_CLIENT, NEIGHBOUR];
  for (const name of names) writeFileSync(sandbox.hostPath(name, '/root/ca.crt'), pki.trust.kubernetes);
  for (const { machine } of plan.machines) {
    if (machine.role !== 'control-plane') continue;
    copyFileSync(join(folder, 'admin.kubeconfig'), sandbox.hostPath(machine.name, '/root/admin.kubeconfig'));
  }
}

type LabParts = Pick<ProgramLab, 'built' | 'sandbox' | 'programs' | 'logs'> & { readonly startMs: number };

function labOf({ built, sandbox, programs, logs, startMs }: LabParts): ProgramLab {
  const { machines, cluster } = built.plan;
  const first = machines.find(({ machine }) => machine.role === 'control-plane')?.machine.name ?? '';
  const shell: ProgramLab['shell'] = async (machine, script, input = '') =>
    await sandbox.run(machine, ['bash', '-euo', 'pipefail', '-c', script], { input, timeoutMs: 120_000 });
  const ask: ProgramLab['ask'] = async (machine, script, input) => {
    const { exitCode, stdout, stderr } = await shell(machine, script, input);
    if (exitCode !== 0) throw new Error(`${machine}: ${script}: ${exitCode}: ${stderr}`);
    return stdout.trimEnd();
  };
  const marks = new Map<string, number>();
  const mark = (what: string): number => {
    const atMs = marks.get(what);
    if (atMs === undefined) throw new Error(`the cluster has not reached: ${what}`);
    return atMs;
  };
  const server = `https://127.0.0.1:${cluster.controlPlane.port}`;
  return {
    built,
    sandbox,
    programs,
    logs,
    reached(what) {
      if (!marks.has(what)) marks.set(what, Date.now());
    },
    startTimes: () => ({ poweredOnMs: startMs, apiReadyMs: mark('API ready'), upMs: mark('up') }),
    shell,
    ask,
    kubectl: async (args, input) =>
      await ask(first, `kubectl --kubeconfig /root/admin.kubeconfig --server ${server} ${args}`, input),
    seconds: () => Math.round((Date.now() - startMs) / 100) / 10,
    async etcdValues(prefix) {
      const member = machines.find(({ machine }) => machine.runsEtcd)?.machine.name ?? '';
      const script = `set -a; . /etc/etcd/etcdctl.env; set +a; etcdctl get --prefix ${prefix} --write-out=json`;
      const { kvs = [] } = JSON.parse(await ask(member, script)) as { kvs?: { value: string }[] };
      return kvs.map(({ value }) => Buffer.from(value, 'base64').toString('latin1'));
    },
    async powerOff(machine) {
      await sandbox.powerOff(machine);
      // Their supervision learns of it.
      await programs.machine(machine).kill();
    },
    async powerOn(machine) {
      await sandbox.powerOn(machine);
      await programs.machine(machine).start();
    },
    async stop() {
      await programs.stop();
      await sandbox.stop();
      leaveHostSettings();
      if (process.env.KEELWAY_KEEP === undefined) built.remove();
    },
  };
}

/** Asks until it gets an answer that is not undefined or false; throws with the last error when time is up. */
export async function eventually<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const startMs = performance.now();
  let last: unknown = 'no answer';
  for (;;) {
    try {
      const answer = await look();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() - startMs > limitMs) throw new Error(`${what}: not within ${limitMs} ms`, { cause: last });
    await sleep(200);
  }
}
