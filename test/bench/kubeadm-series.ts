import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { which } from '../tools/lib/host.ts';
import { toolPath } from '../tools/tools.ts';
import { environmentOf } from './fixture.ts';
import type { Meter } from './measure.ts';
import type { Series } from './series.ts';

/** With a version and an address in it, kubeadm looks nothing up. The namespace has no network all the same. */
const config = (certificates: string): string => `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.11, bindPort: 6443}
nodeRegistration: {name: cp-1, criSocket: "unix:///run/containerd/containerd.sock"}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.4
controlPlaneEndpoint: 10.0.0.100:6443
certificatesDir: ${certificates}
`;

/** The certificates of one control-plane machine by kubeadm, with its default keys (RSA, 2048 bits). */
export function kubeadmSeries(scratch: string, meter: Meter): readonly Series[] {
  const folder = join(scratch, 'kubeadm');
  for (const each of ['', 'home', 'tmp']) mkdirSync(join(folder, each), { recursive: true });
  const pki = join(folder, 'pki');
  const file = join(folder, 'kubeadm.yaml');
  writeFileSync(file, config(pki));
  const unshare = which('unshare');
  if (unshare === undefined) throw new Error('unshare (util-linux) is missing');
  const phase = ['init', 'phase', 'certs', 'all', '--config', file];
  return [
    {
      id: 'kubeadm',
      command: 'kubeadm init phase certs all, its default keys',
      unit: 'ms',
      measure: async () => {
        rmSync(pki, { recursive: true, force: true });
        const argv = [unshare, '--net', toolPath('kubeadm'), ...phase] as const;
        return (await meter.run({ argv: [...argv], cwd: folder, env: environmentOf(folder) })).cpuMs;
      },
    },
  ];
}
