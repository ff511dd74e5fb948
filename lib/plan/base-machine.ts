import { access } from '../components/access.ts';
import { assets } from '../components/assets.ts';
import { containerImages } from '../components/container-images.ts';
import { containerd } from '../components/containerd.ts';
import { firewall } from '../components/firewall.ts';
import { hosts } from '../components/hosts.ts';
import { kernel } from '../components/kernel.ts';
import { kubeProxy } from '../components/kube-proxy.ts';
import { kubelet } from '../components/kubelet.ts';
import { kubeletCertificate } from '../components/kubelet-certificate.ts';
import { osUpdates } from '../components/os-updates.ts';
import { seed } from '../components/seed.ts';
import { systemTarget } from '../components/system-target.ts';
import { timeSync } from '../components/time-sync.ts';
import { wipe } from '../components/wipe.ts';
import type { Component, MachineContext } from './machine-plan.ts';
import type { NamedPart } from './merge-parts.ts';

const EVERY_MACHINE: readonly Component[] = [
  systemTarget,
  seed,
  wipe,
  timeSync,
  firewall,
  kernel,
  hosts,
  access,
  osUpdates,
  assets,
];

const KUBERNETES_MACHINE: readonly Component[] = [containerd, containerImages, kubeletCertificate, kubelet, kubeProxy];

/** What every machine has, and what every machine with a kubelet has. */
export function baseParts(context: MachineContext): readonly NamedPart[] {
  const components = context.machine.runsKubelet ? [...EVERY_MACHINE, ...KUBERNETES_MACHINE] : EVERY_MACHINE;
  return components.map((component) => ({ origin: component.name, part: component(context) }));
}
