import type { LabPrograms } from '../../../lib/lab/programs/start-programs.ts';

/** What programs write at error level although all is well, and why. */
const EXPLAINED: readonly { readonly program: RegExp; readonly text: RegExp; readonly why: string }[] = [
  {
    program: /^kube-(?:apiserver|controller-manager|scheduler)$/,
    text: /options\.go:\d+\] The manifest file is empty, ignoring/,
    why: 'Kubernetes 1.36 says so at every start without a manifest of metric labels',
  },
  {
    program: /^kube-(?:controller-manager|scheduler)$/,
    text: /is forbidden: User "?\\?"?system:kube-(?:controller-manager|scheduler)/,
    why: 'at the first start of a cluster, until an API server has made the roles that Kubernetes brings',
  },
  {
    program: /^kube-(?:controller-manager|scheduler)$/,
    text: /Error retrieving lease lock" err="(?:Get|Post) \\"https:\/\/127\.0\.0\.1:/,
    why: 'they start together with their API server, and ask until it answers',
  },
  {
    program: /^kube-controller-manager$/,
    text: /failed to wait for apiserver being healthy|leaderelection lost\/stopped/,
    why: 'it gives up after ten seconds of an API server that is slow to start, and is started again',
  },
  {
    program: /^etcd\.service$/,
    text: /failed to update storage version.*missing term information/,
    why: 'etcd 3.6 in its first seconds, until it has applied its first entries',
  },
  {
    program: /^kube-vip$/,
    text: /Error retrieving lease lock" err="(?:Get|leases.coordination.k8s.io .*plndr-cp-lock.* is forbidden)/,
    why: 'it asks for its lease until there is an API server, and the bootstrap has given it the right',
  },
  {
    program: /^kube-apiserver$/,
    text: /err="namespaces \\"(?:kube-system|default)\\" not found"/,
    why: 'at the first start of a cluster, until one of the API servers has made the namespace',
  },
  {
    program: /^kube-apiserver$/,
    text: /unable to sync kubernetes service: .*(?:already allocated|object has been modified)|extension-apiserver-authentication.*already exists/,
    why: 'the first API servers of a cluster race to make their objects; one wins',
  },
  {
    program: /^kube-apiserver$/,
    text: /http: Handler timeout|Post-timeout activity|failed to fetch openapi paths.*TLS handshake timeout/,
    why: 'a client, itself among them, gave up waiting for an API server that was still starting',
  },
  {
    program: /^kube-(?:controller-manager|scheduler)$/,
    text: /Error initially creating lease lock.*already exists/,
    why: 'the first ones race for the lease; one wins',
  },
  {
    program: /^keelway-api-balancer\.service$/,
    text: /backend 'api-servers' has no server available/,
    why: 'workers may start before the control plane',
  },
];

/** Lines at error level or worse of every program, but for the explained; `machine program: line`. */
export function unexplainedComplaints(programs: LabPrograms): readonly string[] {
  return programs.machines.flatMap((machine) =>
    machine.programs.flatMap((program) =>
      program
        .log()
        .split('\n')
        .filter(isComplaint)
        .filter((line) => !EXPLAINED.some((each) => each.program.test(program.name) && each.text.test(line)))
        .map((line) => `${machine.name} ${program.name}: ${line.slice(0, 300)}`),
    ),
  );
}

/** klog, zap, slog, BIRD and HAProxy, each in its own way. */
function isComplaint(line: string): boolean {
  return (
    /^[EF]\d{4} /.test(line) ||
    /"level":"(?:error|fatal|panic|dpanic)"/.test(line) ||
    /\blevel=(?:ERROR|FATAL)\b/.test(line) ||
    /<(?:ERR|FATAL|BUG)>|^\[ALERT\]|^panic:/.test(line)
  );
}
