import type { Issue, IssuePath } from '../../issue.ts';
import { parseDurationMs } from '../../model/quantities.ts';
import { finding } from '../issue-codes.ts';
import { eachDuplicate, type Rule, type RuleContext, rule } from './rule.ts';

const PKI: IssuePath = ['spec', 'pki'];
const HOUR_MS = 3_600_000;
const FIVE_YEARS_MS = 5 * 365 * 24 * HOUR_MS;

function lifetimes({ spec }: RuleContext): readonly Issue[] {
  const { caLifetime, leafLifetime, renewBefore } = spec.pki;
  const ca = parseDurationMs(caLifetime);
  const leaf = parseDurationMs(leafLifetime);
  const renew = renewBefore === undefined ? 0 : parseDurationMs(renewBefore);
  const issues: Issue[] = [];
  if (leaf !== null && leaf < HOUR_MS) {
    issues.push(
      finding(
        'PKI_LIFETIMES',
        [...PKI, 'leafLifetime'],
        `certificates of ${leafLifetime} expire before the machines are up`,
        'use 8760h',
      ),
    );
  }
  if (ca !== null && leaf !== null && leaf > ca) {
    const message = `certificates of ${leafLifetime} would outlive their CA of ${caLifetime}`;
    issues.push(
      finding('PKI_LIFETIMES', [...PKI, 'leafLifetime'], message, 'use a leafLifetime shorter than caLifetime'),
    );
  }
  if (leaf !== null && renew !== null && renew >= leaf) {
    const message = `renewing ${renewBefore} before the end means renewing certificates of ${leafLifetime} at every build`;
    issues.push(
      finding('PKI_LIFETIMES', [...PKI, 'renewBefore'], message, 'use a part of leafLifetime, for instance a third'),
    );
  }
  if (spec.pki.keyAlgorithm === 'RSA-2048' && ca !== null && ca > FIVE_YEARS_MS) {
    const message = `RSA-2048 keys for ${caLifetime}, more than five years`;
    issues.push(
      finding('PKI_RSA_LONG_LIVED', [...PKI, 'keyAlgorithm'], message, 'use ECDSA-P256, or caLifetime: 43800h'),
    );
  }
  return issues;
}

function nodeSigner({ spec }: RuleContext): readonly Issue[] {
  if (spec.pki.nodeSigner === 'online') return [];
  const message =
    'the node-signer is offline: kubelets do not renew their certificates, and nobody is administrator until you apply objects.yaml';
  const hint =
    'follow the steps that keelway build prints, and boot new builds before the certificates end; or use online';
  return [finding('PKI_NODE_SIGNER_OFFLINE', [...PKI, 'nodeSigner'], message, hint)];
}

function sshKeys({ spec }: RuleContext): readonly Issue[] {
  if (spec.access.sshAuthorizedKeys.length > 0) return [];
  const message = 'no SSH key: nobody can log in to a machine, not even to see why it does not come up';
  return [
    finding(
      'ACCESS_NO_SSH_KEYS',
      ['spec', 'access'],
      message,
      'add access.sshAuthorizedKeys with one line of a .pub file',
    ),
  ];
}

function registries({ spec }: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  const place: IssuePath = ['spec', 'registries'];
  const entries = spec.registries.map((entry, index) => ({ entry, index }));
  eachDuplicate(
    entries,
    ({ entry }) => entry.registry.toLowerCase(),
    ({ entry, index }) => {
      const message = `the registry ${entry.registry} stands twice`;
      issues.push(
        finding('REGISTRY_DUPLICATE', [...place, index, 'registry'], message, 'put the endpoints into one entry'),
      );
    },
  );
  for (const { entry, index } of entries) {
    for (const [number, endpoint] of entry.endpoints.entries()) {
      if (!endpoint.startsWith('http://')) continue;
      const message = `${endpoint} is reached without TLS: whoever is on the way can change what tags mean`;
      issues.push(
        finding(
          'REGISTRY_PLAINTEXT',
          [...place, index, 'endpoints', number],
          message,
          'use https://, with caFile for a CA of your own',
        ),
      );
    }
  }
  return issues;
}

function repository({ spec }: RuleContext): readonly Issue[] {
  const url = spec.gitops?.repository;
  if (url?.startsWith('http://') !== true) return [];
  const message = 'the repository is reached without TLS: whoever is on the way decides what runs in the cluster';
  return [finding('GITOPS_PLAINTEXT', ['spec', 'gitops', 'repository'], message, 'use ssh:// or https://')];
}

export const securityRules: readonly Rule[] = [
  rule(['pki'], lifetimes),
  rule(['pki'], nodeSigner),
  rule(['access'], sshKeys),
  rule(['registries'], registries),
  rule(['gitops'], repository),
];
