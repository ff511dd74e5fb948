import type { Issue } from '../issue.ts';
import { kubernetesSupport } from '../model/support.ts';
import { minorOf, parseVersion } from '../model/versions.ts';
import { finding } from '../spec/issue-codes.ts';

/**
 * Warns of a Kubernetes minor that gets critical fixes only, or none any more. It depends on the day, so it is no rule of
 * the cluster file.
 *
 * @param version - Exact.
 * @returns At most one finding, without position.
 */
export function checkSupport(version: string, nowSeconds: number): readonly Issue[] {
  const support = kubernetesSupport(version);
  const today = new Date(nowSeconds * 1000).toISOString().slice(0, 10);
  if (support === null || today < support.maintenance) return [];
  const message =
    today < support.end
      ? `Kubernetes ${minorOf(version)} gets critical fixes only, and none from ${support.end} on`
      : `Kubernetes ${minorOf(version)} gets no fixes since ${support.end}`;
  return [finding('VERSION_SUPPORT_ENDS', ['spec', 'versions', 'kubernetes'], message, hintFor(version))];
}

function hintFor(version: string): string {
  const { major = 0, minor = 0 } = parseVersion(version) ?? {};
  const next = `${major}.${minor + 1}`;
  return kubernetesSupport(`${next}.0`) === null ? 'update Keelway, then upgrade' : `upgrade to ${next}`;
}
