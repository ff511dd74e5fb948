/**
 * How long a line is all right. `API ready`, `up`: until {@link GRACE_MS} after every API server is ready, or the cluster is
 * up as a whole. `quiet`: at any time, but not again and again: who judges waits until it has stopped. `always`: it says nothing.
 */
export type Excuse = 'API ready' | 'up' | 'quiet' | 'always';

/** A line at error level that says nothing is wrong, and why it is written. */
export interface ExplainedError {
  /** The unit without its ending, the name in the journal, or the container. */
  readonly program: RegExp;
  readonly text: RegExp;
  readonly why: string;
  readonly until: Excuse;
  /** The tier of the lab that it is of; default: both. */
  readonly tier?: 'programs' | 'machines';
}

/** Caches fill, and those who wait a little longer after each failure look again. */
export const GRACE_MS = 30_000;

/** What no start excuses: a wrong certificate, flag, file or permission is wrong from the first line on. */
const NEVER =
  '(?!.*(?:x509|bad certificate|tls: |no such file|file not found|permission denied|unknown (?:flag|field)|strict decoding))(?!F\\d{4} |panic:|.*"level":"(?:fatal|panic))';

/** Lines of a start, by what they say, whoever says it. */
function ofStart(words: string): RegExp {
  return new RegExp(`^${NEVER}.*(?:${words})`);
}

const ANY = /./;
const KUBERNETES = /^kube(?:let|-apiserver|-controller-manager|-scheduler|-proxy)$/;

/** What programs write at error level on machines that come up as they should. */
export const EXPLAINED_ERRORS: readonly ExplainedError[] = [
  // All machines start at once and race; nothing has an order.
  {
    program: ANY,
    text: ofStart(
      'connection refused|connection reset by peer|broken pipe|no route to host|network is unreachable|\\bEOF\\b|unexpected end|request canceled|connection lost|server is currently unable|no leader|leader changed|has no server available|isn.t healthy|is unhealthy',
    ),
    why: 'what is asked does not answer yet',
    until: 'up',
  },
  {
    program: ANY,
    text: ofStart(
      'not found|could not find the requested resource|is not allocated; repairing|no PriorityClass with name|no relationship found between|missing term information|have not synced|not yet (?:ready|synced|available)',
    ),
    why: 'what is asked for is not there yet: another one makes it, at the first start of a cluster',
    until: 'up',
  },
  {
    program: ANY,
    text: ofStart('already exists|already allocated|object has been modified|Precondition failed'),
    why: 'several make the same object, or change it; one wins',
    until: 'up',
  },
  {
    program: ANY,
    text: ofStart('context canceled|stream closed|no longer leader|leaderelection lost'),
    why: 'somebody gave up waiting and began again',
    until: 'up',
  },
  {
    program: ANY,
    text: ofStart(
      'is forbidden: User \\\\*"(?:system:(?:kube-|node:)[\\w:-]+|kube-vip)\\\\*" cannot|nodes is forbidden',
    ),
    why: 'until an API server has made the roles that Kubernetes brings, the bootstrap has given its own, and all have heard of it',
    until: 'API ready',
  },
  {
    program: ANY,
    text: ofStart(
      'deadline exceeded|Client\\.Timeout|TLS handshake timeout|i/o timeout|[Tt]imed out|Handler timeout|Post-timeout activity|Timeout or abort while handling|Timeout: request did not complete',
    ),
    why: 'a busy host: what was asked answers too late once; the next time it does',
    until: 'quiet',
  },
  {
    program: /^kube-controller-manager$/,
    text: /failed to wait for apiserver being healthy/,
    why: 'it gives up after ten seconds of an API server that is slow to start, and is started again',
    until: 'API ready',
  },
  {
    program: /^kube-apiserver$/,
    text: new RegExp(`^${NEVER}E\\d{4} `),
    why: 'it is not ready: its caches fill, and its hooks set right what the others write too, or wrote before the power went; each tries again, and one that fails for good says so after that time as well',
    until: 'API ready',
  },
  {
    program: /^kubelet$/,
    text: /"Skipping pod synchronization" err="\[?(?:container runtime status check may not have completed yet|PLEG is not healthy: pleg has yet to be successful)/,
    why: 'the first second of every start',
    until: 'up',
  },
  {
    program: /^kubelet$/,
    text: /no imagefs label for configured runtime/,
    why: 'until the runtime has told where its images are',
    until: 'up',
  },
  {
    program: /^kubelet$/,
    text: /"failed to read memory cgroup (?:config|limits) for the pod" err="failed to read .* for cgroup \/sys\/fs\/cgroup\/.*: no such file or directory/,
    why: 'when the power was gone: the pods that were there before have no control group yet',
    until: 'up',
    tier: 'machines',
  },
  {
    program: /^kube-proxy$/,
    text: /"Failed to list existing nftables objects" err=</,
    why: 'before its first synchronization there is no table to list',
    until: 'up',
  },
  // At any time.
  {
    program: /^kube-(?:apiserver|controller-manager|scheduler)$/,
    text: /options\.go:\d+\] The manifest file is empty, ignoring/,
    why: 'Kubernetes 1.36 says so at every start without a manifest of metric labels',
    until: 'always',
  },
  {
    program: /^kubelet$/,
    text: /"No need to create a mirror pod|"Failed creating a mirror pod" err="pods \\*"[\w-]+\\*" already exists/,
    why: 'up to minutes after its node has registered: its own view of the API has not caught up',
    until: 'always',
  },
  {
    program: KUBERNETES,
    text: /Operation cannot be fulfilled on .*the object has been modified/,
    why: 'two write the same object; the API refuses the later one, which reads it and tries again',
    until: 'always',
  },
  {
    program: /^kube-apiserver$/,
    text: /watcher\.go:\d+\] failed to sync with latest state: context canceled|"Failed to encode watch event" err="http2: stream closed"/,
    why: 'the client of a watch went away',
    until: 'always',
  },
  {
    program: /^kubelet$/,
    text: /"Failed to set rlimit on max file handles" err="operation not permitted"|failed to apply oom score -?\d+ to PID|oomparser\.go:\d+\] exiting analyzeLines/,
    why: 'the lab only: the machine lacks CAP_SYS_RESOURCE and messages of the kernel',
    until: 'always',
    tier: 'machines',
  },
  {
    program: /^kubelet$/,
    text: /"Error proxying data from client to backend".*websocket: close 1006|"Error on socket receive".*use of closed network connection/,
    why: 'kubectl exec or port-forward ended without saying goodbye, as kubectl does',
    until: 'always',
    tier: 'machines',
  },
  {
    program: /^containerd$/,
    text: /level=error msg="ttrpc: received message on inactive stream"/,
    why: 'a busy host: the shim of a starting container answered after its time',
    until: 'quiet',
    tier: 'machines',
  },
];
