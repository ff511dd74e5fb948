import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ADMISSION_PLUGINS, admissionFiles } from '../../../lib/components/admission.ts';

const files = Object.fromEntries(admissionFiles().map(({ path, contents }) => [path, parse(contents)]));
const folder = '/etc/kubernetes/apiserver';

describe('admissionFiles', () => {
  it('configures only plugins that run, each by a file that is there', () => {
    for (const { name, path } of files[`${folder}/admission.yaml`].plugins) {
      // PodSecurity is one of the API server's own default set.
      expect(['PodSecurity', ...ADMISSION_PLUGINS]).toContain(name);
      expect(files).toHaveProperty([path]);
    }
  });

  it('enforces baseline, tells what restricted would refuse, and leaves the namespaces of the cluster itself alone', () => {
    const { defaults, exemptions } = files[`${folder}/podsecurity.yaml`];
    expect(defaults).toMatchObject({ enforce: 'baseline', audit: 'restricted', warn: 'restricted' });
    expect(exemptions.namespaces).toEqual(['kube-system', 'calico-system', 'tigera-operator', 'flux-system']);
    expect([exemptions.usernames, exemptions.runtimeClasses]).toEqual([[], []]);
  });

  it('limits events of the server, of a namespace and of a user', () => {
    const { limits } = files[`${folder}/event-rate-limit.yaml`];
    expect(limits.map(({ type }: { type: string }) => type)).toEqual(['Server', 'Namespace', 'User']);
    for (const { qps, burst } of limits) expect(burst).toBeGreaterThan(qps);
  });
});
