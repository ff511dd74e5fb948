import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { auditPolicy } from '../../../lib/components/audit-policy.ts';

interface Rule {
  readonly level: string;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly { readonly group: string; readonly resources?: readonly string[] }[];
  readonly nonResourceURLs?: readonly string[];
}

interface Request {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly verb: string;
  /** Group and resource, or a path. */
  readonly of: readonly [group: string, resource: string] | string;
}

const policy = parse(auditPolicy().contents) as { omitStages: string[]; omitManagedFields: boolean; rules: Rule[] };

/** The API server's own way to choose: the first rule whose every field fits. */
function level({ user = 'somebody', groups = [], verb, of }: Request): string | undefined {
  const [group, resource] = typeof of === 'string' ? [] : of;
  return policy.rules.find((rule) => {
    if (rule.users && !rule.users.includes(user)) return false;
    if (rule.userGroups && !rule.userGroups.some((each) => groups.includes(each))) return false;
    if (rule.verbs && !rule.verbs.includes(verb)) return false;
    if (rule.nonResourceURLs) {
      if (typeof of !== 'string') return false;
      const fits = (url: string) => (url.endsWith('*') ? of.startsWith(url.slice(0, -1)) : of === url);
      return rule.nonResourceURLs.some(fits);
    }
    if (rule.resources === undefined) return true;
    return rule.resources.some(({ group: wanted, resources }) => {
      if (resource === undefined || wanted !== group) return false;
      const fits = (each: string) =>
        each === resource || (each.endsWith('/*') && resource.startsWith(each.slice(0, -1)));
      return resources === undefined || resources.some(fits);
    });
  })?.level;
}

describe('auditPolicy', () => {
  it('writes one line a request, without the fields that only machines read', () => {
    expect(policy.omitStages).toEqual(['RequestReceived']);
    expect(policy.omitManagedFields).toBe(true);
  });

  it.each<[string, Request, string]>([
    [
      'kube-proxy watching endpoints',
      { user: 'system:kube-proxy', verb: 'watch', of: ['discovery.k8s.io', 'endpointslices'] },
      'None',
    ],
    ['somebody watching endpoints', { verb: 'watch', of: ['discovery.k8s.io', 'endpointslices'] }, 'Metadata'],
    ['a node reporting its status', { groups: ['system:nodes'], verb: 'patch', of: ['', 'nodes/status'] }, 'None'],
    ['somebody changing a node', { verb: 'patch', of: ['', 'nodes'] }, 'Request'],
    ['a lease renewed', { verb: 'update', of: ['coordination.k8s.io', 'leases'] }, 'None'],
    ['an event', { verb: 'create', of: ['', 'events'] }, 'None'],
    ['a probe', { verb: 'get', of: '/readyz' }, 'None'],
    ['a Secret created', { verb: 'create', of: ['', 'secrets'] }, 'Metadata'],
    ['a Secret read', { verb: 'get', of: ['', 'secrets'] }, 'Metadata'],
    ['a ConfigMap changed', { verb: 'update', of: ['', 'configmaps'] }, 'Metadata'],
    ['a token asked for', { verb: 'create', of: ['', 'serviceaccounts/token'] }, 'Metadata'],
    ['a token checked', { verb: 'create', of: ['authentication.k8s.io', 'tokenreviews'] }, 'Metadata'],
    ['a role bound', { verb: 'patch', of: ['rbac.authorization.k8s.io', 'clusterrolebindings'] }, 'RequestResponse'],
    ['a role read', { verb: 'get', of: ['rbac.authorization.k8s.io', 'clusterroles'] }, 'Metadata'],
    [
      'a certificate approved',
      { verb: 'update', of: ['certificates.k8s.io', 'certificatesigningrequests/approval'] },
      'RequestResponse',
    ],
    ['a container entered', { verb: 'create', of: ['', 'pods/exec'] }, 'RequestResponse'],
    ['a container entered by GET', { verb: 'get', of: ['', 'pods/exec'] }, 'RequestResponse'],
    ['a kubelet reached', { verb: 'get', of: ['', 'nodes/proxy'] }, 'RequestResponse'],
    ['a Deployment created', { verb: 'create', of: ['apps', 'deployments'] }, 'Request'],
    ['pods deleted', { verb: 'deletecollection', of: ['', 'pods'] }, 'Request'],
    ['pods listed', { verb: 'list', of: ['', 'pods'] }, 'Metadata'],
  ])('%s', (_, request, expected) => {
    expect(level(request)).toBe(expected);
  });
});
