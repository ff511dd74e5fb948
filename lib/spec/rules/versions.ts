import type { Issue } from '../../issue.ts';
import { fluxSupportsKubernetes, kubernetesPrefersEtcd37, kubeVipIsUsable } from '../../model/quirks.ts';
import { atLeast, parseVersion } from '../../model/versions.ts';
import { finding } from '../issue-codes.ts';
import { type Rule, type RuleContext, rule } from './rule.ts';

/** Minors that Keelway renders for, oldest and newest. */
export const supportedMinors: Readonly<Record<'kubernetes' | 'etcd', readonly [string, string]>> = {
  kubernetes: ['1.35', '1.37'],
  etcd: ['3.5', '3.7'],
};

/** First patch of each etcd minor with the fixes of July 2026 (GHSA-xg4h-6gfc-h4m8, GHSA-6vch-q96h-7gc3). */
const SAFE_ETCD: Readonly<Record<number, string>> = { 5: '3.5.33', 6: '3.6.14', 7: '3.7.1' };

function isSupported(product: 'kubernetes' | 'etcd', text: string): boolean {
  const version = parseVersion(text);
  const [oldest, newest] = supportedMinors[product];
  const least = parseVersion(`${oldest}.0`);
  const most = parseVersion(`${newest}.0`);
  if (version === null || least === null || most === null || version.major !== least.major) return false;
  return version.minor >= least.minor && version.minor <= most.minor;
}

function supported({ spec }: RuleContext): readonly Issue[] {
  return (['kubernetes', 'etcd'] as const).flatMap((product) => {
    const text = spec.versions[product];
    if (parseVersion(text) === null || isSupported(product, text)) return [];
    const message = `${product === 'etcd' ? 'etcd' : 'Kubernetes'} ${text} is not supported`;
    const hint = `use ${supportedMinors[product].join(' to ')}`;
    return [finding('VERSION_UNSUPPORTED', ['spec', 'versions', product], message, hint)];
  });
}

function kubeVip({ spec }: RuleContext): readonly Issue[] {
  const version = spec.versions.kubeVip;
  if (parseVersion(version) === null || kubeVipIsUsable(version)) return [];
  const message = `kube-vip ${version} loses BGP peers or its kubeconfig`;
  return [finding('VERSION_UNSUPPORTED', ['spec', 'versions', 'kubeVip'], message, 'use 1.2.3 or newer')];
}

function etcdForKubernetes({ spec }: RuleContext): readonly Issue[] {
  const { kubernetes, etcd } = spec.versions;
  if (!isSupported('kubernetes', kubernetes) || parseVersion(etcd) === null) return [];
  // 1.37 falls back to the calls of etcd 3.6, but is tested with 3.7.
  const tested = kubernetesPrefersEtcd37(kubernetes) ? '3.7' : '3.6';
  if (atLeast(etcd, `${tested}.0`)) return [];
  const message = `Kubernetes ${kubernetes} is tested with etcd ${tested}, not with ${etcd}`;
  const hint = tested === '3.7' ? 'upgrade etcd to 3.6.11 or newer first, then to 3.7' : 'upgrade etcd to 3.6';
  return [finding('VERSION_ETCD_OLD', ['spec', 'versions', 'etcd'], message, hint)];
}

function etcdVulnerable({ spec }: RuleContext): readonly Issue[] {
  const { etcd } = spec.versions;
  const safe = SAFE_ETCD[parseVersion(etcd)?.minor ?? -1];
  if (safe === undefined || atLeast(etcd, safe)) return [];
  const message = `etcd ${etcd} has published security holes`;
  return [finding('VERSION_ETCD_VULNERABLE', ['spec', 'versions', 'etcd'], message, `use ${safe} or newer`)];
}

function flux({ spec }: RuleContext): readonly Issue[] {
  const { kubernetes } = spec.versions;
  if (spec.gitops === undefined || parseVersion(kubernetes) === null || fluxSupportsKubernetes(kubernetes)) return [];
  const message = `Flux 2.9 does not run on Kubernetes ${kubernetes}`;
  return [finding('VERSION_FLUX', ['spec', 'versions', 'kubernetes'], message, 'use Kubernetes 1.33 or newer')];
}

export const versionRules: readonly Rule[] = [
  rule(['versions'], supported),
  rule(['versions'], kubeVip),
  rule(['versions'], etcdForKubernetes),
  rule(['versions'], etcdVulnerable),
  rule(['versions', 'gitops'], flux),
];
