import { describe, expect, it } from 'vitest';
import { staticPodFile } from '../../../../lib/components/static-pod.ts';
import { podSettings } from '../../../../lib/lab/programs/pod-settings.ts';

describe('podSettings', () => {
  it('reads back what the static pods are made of', () => {
    const { contents } = staticPodFile({
      name: 'kube-apiserver',
      image: 'registry.k8s.io/kube-apiserver:v1.36.4',
      command: ['kube-apiserver', '--a=b'],
      env: [{ name: 'X', value: '1' }],
      probes: { host: '127.0.0.1', port: 6443, liveness: '/livez', readiness: '/readyz', startup: '/livez' },
      requests: { cpu: '1m', memory: '1Mi' },
      addCapabilities: ['NET_ADMIN'],
      mounts: [{ name: 'pki', path: '/etc/kubernetes/pki/apiserver', type: 'Directory', readOnly: true }],
      emptyDirectories: [{ name: 'flex', path: '/usr/libexec/x' }],
      terminationGracePeriodSeconds: 120,
    });
    expect(podSettings(contents)).toMatchObject({
      program: 'kube-apiserver',
      args: ['--a=b'],
      environment: { X: '1' },
      user: 0,
      capabilities: ['net_admin'],
      noNewPrivileges: true,
      readOnlyRoot: true,
      mounts: [
        {
          path: '/etc/kubernetes/pki/apiserver',
          readOnly: true,
          host: { path: '/etc/kubernetes/pki/apiserver', type: 'Directory' },
        },
        { path: '/usr/libexec/x', readOnly: false, host: null },
      ],
      liveness: { url: 'https://127.0.0.1:6443/livez', initialDelaySeconds: 10, failureThreshold: 8 },
      graceSeconds: 120,
    });
  });

  it('takes the program of an image without a command from its name', () => {
    const { contents } = staticPodFile({
      name: 'vip',
      image: 'ghcr.io:443/kube-vip/kube-vip:v1.2.4@sha256:00',
      args: ['manager'],
      requests: { cpu: '1m', memory: '1Mi' },
      mounts: [],
    });
    expect(podSettings(contents)).toMatchObject({ program: 'kube-vip', args: ['manager'], liveness: null });
  });
});
