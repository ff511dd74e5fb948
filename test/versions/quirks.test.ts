/** The named predicates about versions, asked of the programs themselves. */
import { dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  apiServerHasPeerProxy,
  clientsReloadAuthorities,
  etcdHasFeatureGatesFlag,
  etcdHasTlsMinVersionFlag,
  etcdRefusesExperimentalFlags,
  kubeletHasPodInfraContainerImageFlag,
  kubeletRefusesCgroupV1,
  kubernetesPrefersEtcd37,
} from '../../lib/model/quirks.ts';
import { minorOf } from '../../lib/model/versions.ts';
import { supportedMinors } from '../../lib/spec/rules/versions.ts';
import { inRoot, toolPathAt } from '../tools/tools.ts';
import { versionPairs } from './version-pairs.ts';

/** What a program of a version writes for some arguments. */
async function ask(program: string, version: string, ...args: string[]): Promise<string> {
  const binds = [{ from: dirname(toolPathAt(program, version)), to: '/tools', readOnly: true }];
  const { stdout, stderr } = await inRoot(`/tools/${program}`, args, { binds });
  return stdout + stderr;
}

it('asks every minor that a cluster file may name', () => {
  for (const product of ['kubernetes', 'etcd'] as const) {
    const minors = versionPairs.map((versions) => minorOf(versions[product]));
    expect([minors[0], minors.at(-1)]).toEqual(supportedMinors[product]);
    expect(minors.map((minor) => Number(minor.split('.')[1]))).toEqual(
      minors.map((_, index) => Number(minors[0]?.split('.')[1]) + index),
    );
  }
});

describe.each(versionPairs.map(({ kubernetes }) => kubernetes))('Kubernetes %s', (version) => {
  let apiServerHelp: string;

  beforeAll(async () => {
    apiServerHelp = await ask('kube-apiserver', version, '--help');
  });

  it('has the proxy between API servers, or refuses its flag', async () => {
    const complaint = '--peer-ca-file requires UnknownVersionInteroperabilityProxy feature to be turned on';
    const answer = await ask('kube-apiserver', version, '--advertise-address=10.0.0.11', '--peer-ca-file=/ca.crt');
    expect(answer).toContain('--etcd-servers must be specified');
    expect(!answer.includes(complaint)).toBe(apiServerHasPeerProxy(version));
  });

  it('uses the streams of etcd 3.7 or not', () => {
    const gate = 'kube:EtcdRangeStream=true|false (BETA - default=true)';
    expect(apiServerHelp.includes(gate)).toBe(kubernetesPrefersEtcd37(version));
  });

  it.each(['kube-apiserver', 'kube-scheduler'])('reads authorities anew in %s or not', async (program) => {
    const gate = 'kube:ClientsAllowCARotation=true|false (BETA - default=true)';
    expect((await ask(program, version, '--help')).includes(gate)).toBe(clientsReloadAuthorities(version));
  });

  it('has a kubelet that wants cgroup v2 and names the pause image no more', async () => {
    const failsOnV1 = /--fail-cgroupv1 .*\(default true\)/.test(await ask('kubelet', version, '--help'));
    expect(failsOnV1).toBe(kubeletRefusesCgroupV1(version));
    const answer = await ask('kubelet', version, '--pod-infra-container-image=example', '--version');
    expect(!answer.includes('unknown flag')).toBe(kubeletHasPodInfraContainerImageFlag(version));
  });
});

describe.each(versionPairs.map(({ etcd }) => etcd))('etcd %s', (version) => {
  const takes = async (flag: string): Promise<boolean> => {
    const answer = await ask('etcd', version, flag, '--version');
    expect(answer).toMatch(/^etcd Version: |flag provided but not defined: |unknown flag: /m);
    return answer.includes(`etcd Version: ${version}`);
  };

  it('takes feature gates, experimental flags and a least TLS version, or refuses them', async () => {
    expect(await takes('--feature-gates=InitialCorruptCheck=true')).toBe(etcdHasFeatureGatesFlag(version));
    expect(await takes('--experimental-initial-corrupt-check=true')).toBe(!etcdRefusesExperimentalFlags(version));
    expect(await takes('--tls-min-version=TLS1.3')).toBe(etcdHasTlsMinVersionFlag(version));
  });
});
