import type { PkiSettings } from '../model/cluster.ts';
import type { KeptLeaf } from '../pki/kept-leaf.ts';

/** When the first of some certificates ends. */
export interface FirstEnd {
  readonly id: string;
  readonly notAfterSeconds: number;
}

/** @returns Null when there is none. */
export function firstEnd(leaves: Iterable<KeptLeaf>): FirstEnd | null {
  let first: FirstEnd | null = null;
  for (const { certificate } of leaves) {
    if (first === null || certificate.notAfterSeconds < first.notAfterSeconds) first = certificate;
  }
  return first === null ? null : { id: first.id, notAfterSeconds: first.notAfterSeconds };
}

/** `2027-11-25`, in UTC. */
export function isoDay(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10);
}

/**
 * When the machines need another build: the dates that an operator keeps in mind, as certificates do not renew themselves.
 * With an online node-signer the kubelets' do.
 */
export function renewalLine(first: FirstEnd | null, { nodeSigner, renewBeforeSeconds }: PkiSettings): string {
  if (first === null) return '';
  const [from, end] = [isoDay(first.notAfterSeconds - renewBeforeSeconds), isoDay(first.notAfterSeconds)];
  const kubelets = nodeSigner === 'offline' ? '; kubelets do not renew theirs either' : '';
  const which = `${end} (${first.id.replace('/', ' ')})`;
  return `the first ends on ${which}: build again from ${from} on, and boot the machines before it ends${kubelets}\n`;
}
