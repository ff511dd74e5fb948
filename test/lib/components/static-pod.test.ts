import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { restartAnnotation, type StaticPod, staticPodFile } from '../../../lib/components/static-pod.ts';
import type { PlannedFile } from '../../../lib/plan/machine-plan.ts';

const pod: StaticPod = {
  name: 'example',
  image: 'registry.k8s.io/example:v1',
  command: ['example', '--flag=value'],
  probes: { host: '127.0.0.1', port: 1234, liveness: '/livez', readiness: '/readyz', startup: '/livez' },
  requests: { cpu: '100m', memory: '128Mi' },
  mounts: [{ name: 'pki', path: '/etc/pki', type: 'Directory', readOnly: true }],
};

function file(path: string, contents: string): PlannedFile {
  return { path, contents, mode: 0o600, owner: 'root', group: 'root', secret: false };
}

describe('staticPodFile', () => {
  it('has the shape that kubeadm gives a control-plane pod', () => {
    const { path, contents, mode } = staticPodFile(pod);
    expect([path, mode]).toEqual(['/etc/kubernetes/manifests/example.yaml', 0o600]);
    const manifest = parse(contents);
    expect(manifest).toMatchObject({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'example', namespace: 'kube-system', labels: { component: 'example', tier: 'control-plane' } },
      spec: {
        hostNetwork: true,
        priorityClassName: 'system-node-critical',
        priority: 2000001000,
        securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
        volumes: [{ name: 'pki', hostPath: { path: '/etc/pki', type: 'Directory' } }],
      },
    });
    const probe = { host: '127.0.0.1', port: 'probe-port', scheme: 'HTTPS' };
    expect(manifest.spec.containers).toEqual([
      {
        name: 'example',
        image: 'registry.k8s.io/example:v1',
        imagePullPolicy: 'IfNotPresent',
        command: ['example', '--flag=value'],
        ports: [{ name: 'probe-port', containerPort: 1234, protocol: 'TCP' }],
        startupProbe: {
          httpGet: { ...probe, path: '/livez' },
          initialDelaySeconds: 10,
          timeoutSeconds: 15,
          periodSeconds: 10,
          failureThreshold: 24,
        },
        livenessProbe: {
          httpGet: { ...probe, path: '/livez' },
          initialDelaySeconds: 10,
          timeoutSeconds: 15,
          periodSeconds: 10,
          failureThreshold: 8,
        },
        readinessProbe: {
          httpGet: { ...probe, path: '/readyz' },
          initialDelaySeconds: 0,
          timeoutSeconds: 15,
          periodSeconds: 1,
          failureThreshold: 3,
        },
        resources: { requests: { cpu: '100m', memory: '128Mi' } },
        securityContext: {
          runAsUser: 0,
          runAsGroup: 0,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'pki', mountPath: '/etc/pki', readOnly: true }],
      },
    ]);
  });

  it('leaves out what a pod without probes, environment and limits does not need', () => {
    const { probes: _, ...plain } = pod;
    const [container] = parse(staticPodFile(plain).contents).spec.containers;
    expect(Object.keys(container)).toEqual([
      ...['name', 'image', 'imagePullPolicy', 'command', 'resources', 'securityContext', 'volumeMounts'],
    ]);
  });

  it('carries environment, host names, capabilities and a memory limit when told', () => {
    const manifest = parse(
      staticPodFile({
        ...pod,
        env: [{ name: 'vip_arp', value: 'true' }],
        hostAliases: [{ ip: '127.0.0.1', hostnames: ['kubernetes'] }],
        addCapabilities: ['NET_ADMIN'],
        memoryLimit: '256Mi',
        terminationGracePeriodSeconds: 20,
      }).contents,
    );
    expect(manifest.spec).toMatchObject({
      hostAliases: [{ ip: '127.0.0.1', hostnames: ['kubernetes'] }],
      terminationGracePeriodSeconds: 20,
      containers: [
        {
          env: [{ name: 'vip_arp', value: 'true' }],
          resources: { limits: { memory: '256Mi' } },
          securityContext: { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } },
        },
      ],
    });
  });
});

describe('restartAnnotation', () => {
  it('changes with the contents and the path of any file, not with their order', () => {
    const a = file('/etc/a', 'one');
    const b = file('/etc/b', 'two');
    expect(restartAnnotation([a, b])).toEqual(restartAnnotation([b, a]));
    expect(restartAnnotation([a, file('/etc/b', 'three')])).not.toEqual(restartAnnotation([a, b]));
    expect(restartAnnotation([a, file('/etc/c', 'two')])).not.toEqual(restartAnnotation([a, b]));
  });

  it('does not show the secret it covers', () => {
    const [value] = Object.values(restartAnnotation([file('/etc/key', 'hush')]));
    expect(value).toMatch(/^[0-9a-f]{32}$/);
  });
});
