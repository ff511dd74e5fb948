import { describe, expect, it } from 'vitest';
import { flowsOf } from '../../../lib/components/firewall-flows.ts';
import type { Cluster } from '../../../lib/model/cluster.ts';
import { planForReal } from '../../harness/plan-for-real.ts';
import { clusterOf, exampleText } from '../../support/clusters.ts';
import { findingsOf } from '../../support/findings.ts';

const API_PORT = 6443;
const text = exampleText('stacked').replace('os: ubuntu', 'os: debian');

const isRefused = (port: number): boolean =>
  findingsOf(text.replace(`:${API_PORT}`, `:${port}`)).some(({ code }) => code === 'ENDPOINT_PORT');

describe('ports of the endpoint', () => {
  it('are none that the firewall lets in for another program', () => {
    const cluster = clusterOf(text);
    const machines = cluster.machines.filter(({ runsKubelet }) => runsKubelet);
    const ports = flowsOf(cluster)
      .filter(({ protocol, applies }) => protocol === 'tcp' && machines.some((machine) => applies(machine, cluster)))
      .flatMap((flow) => flow.ports.flatMap((port) => String(port).split('-').map(Number)))
      .filter((port) => port !== API_PORT);
    expect(ports.length).toBeGreaterThan(8);
    expect(ports.filter((port) => !isRefused(port))).toEqual([]);
  });

  it('are none on which a program of a control-plane machine listens', async () => {
    const ports = (await renderedPorts(clusterOf(text))).filter((port) => port !== API_PORT);
    expect(ports).toEqual(expect.arrayContaining([2112, 2379, 2381, 10_249, 10_257, 10_259]));
    expect(ports.filter((port) => !isRefused(port))).toEqual([]);
  });
});

/** Every port that stands in a rendered file or unit of a control-plane machine behind an address or in a flag. */
async function renderedPorts(cluster: Cluster): Promise<number[]> {
  const { files, units } = (await planForReal(cluster)).machine('cp-1');
  const texts = [
    ...files
      .filter(({ path }) => /^\/etc\/(kubernetes|kube-vip|etcd|bird)\//.test(path))
      .map(({ contents }) => contents),
    ...units.map(({ contents }) => contents ?? ''),
  ];
  const found = texts.flatMap((contents) => [
    ...String(contents).matchAll(/(?:(?:\d+\.){3}\d+:|\b[a-zA-Z-]*[pP]ort[:=] ?"?)(\d{2,5})\b/g),
  ]);
  return [...new Set(found.map(([, port]) => Number(port)))].sort((a, b) => a - b);
}
