import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubeScheduler, kubeSchedulerFlags } from '../../../lib/components/kube-scheduler.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';

describe('kubeScheduler', () => {
  it('listens on loopback, elects a leader and shows no profiles', () => {
    expect(kubeSchedulerFlags()).toEqual(
      expect.arrayContaining(['--bind-address=127.0.0.1', '--leader-elect=true', '--profiling=false']),
    );
  });

  it('is probed at its own port, by /livez and /readyz', () => {
    const file = kubeScheduler(testContext('cp-1')).files?.find(({ path }) => path.endsWith('kube-scheduler.yaml'));
    const [container] = parse(file?.contents ?? '').spec.containers;
    expect(container.ports[0].containerPort).toBe(10259);
    expect(container.livenessProbe.httpGet.path).toBe('/livez');
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
  });

  it('is recreated for a new CA only before 1.36, where clients do not follow the file', () => {
    const annotation = (kubernetes: string, ca: string) => {
      const cluster = referenceCluster();
      const context = testContext('cp-1', { ...cluster, versions: { ...cluster.versions, kubernetes } });
      const pki = { ...context.pki, trust: { ...context.pki.trust, kubernetes: ca } };
      const files = kubeScheduler({ ...context, pki }).files;
      const contents = files?.find(({ path }) => path.endsWith('kube-scheduler.yaml'))?.contents;
      return parse(contents ?? '').metadata.annotations['keelway.dev/restart-on-change'];
    };
    expect(annotation('1.35.4', 'one\n')).not.toBe(annotation('1.35.4', 'two\n'));
    expect(annotation('1.36.4', 'one\n')).toBe(annotation('1.36.4', 'two\n'));
  });
});
