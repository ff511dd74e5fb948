import { atLeast, atMost, below, ratio, type Target } from './series.ts';

const times = (value: number): string => `${value.toFixed(2)} x`;

/** What the project promises; `npm run bench` fails when one is missed. */
export const TARGETS: readonly Target[] = [
  {
    what: 'a first build of 8 machines, to bare Node',
    value: ratio('build', 'node'),
    limit: 4,
    isMet: atMost,
    show: times,
  },
  {
    what: 'a first build of 8 machines, to kubeadm making the certificates of one',
    value: ratio('build', 'kubeadm'),
    limit: 0.2,
    isMet: below,
    show: times,
  },
  {
    what: 'a certificate, to Go’s library',
    value: ratio('certificate', 'goCertificate'),
    limit: 1.2,
    isMet: atMost,
    show: times,
  },
  {
    what: 'butane, to one machine planned and rendered as Ignition',
    value: ratio('butane', 'ignition'),
    limit: 20,
    isMet: atLeast,
    show: times,
  },
  {
    what: 'butane, to one machine planned and rendered as cloud-init',
    value: ratio('butane', 'cloudInit'),
    limit: 20,
    isMet: atLeast,
    show: times,
  },
  {
    what: '`keelway --version` over bare Node',
    value: ({ version = Number.NaN, node = Number.NaN }) => version - node,
    limit: 15,
    isMet: atMost,
    show: (value) => `${value.toFixed(1)} ms`,
  },
];
