import { minorOf } from './versions.ts';

/** Days in UTC, `2027-02-28`. */
export interface SupportEnd {
  /** From then on the minor gets critical fixes only. */
  readonly maintenance: string;
  /** From then on it gets none. */
  readonly end: string;
}

/** @see https://kubernetes.io/releases/ */
const KUBERNETES: Readonly<Record<string, SupportEnd>> = {
  '1.35': { maintenance: '2026-12-28', end: '2027-02-28' },
  '1.36': { maintenance: '2027-04-28', end: '2027-06-28' },
  '1.37': { maintenance: '2027-08-28', end: '2027-10-28' },
};

/** When the support of a Kubernetes version ends; null for a minor that this Keelway does not know. */
export function kubernetesSupport(version: string): SupportEnd | null {
  return KUBERNETES[minorOf(version)] ?? null;
}
