/** A line at error level that says nothing is wrong, and why it is written. */
export interface ExplainedError {
  /** As the journal names it, or the container. */
  readonly program: RegExp;
  readonly text: RegExp;
  readonly why: string;
}

const CONTROL_PLANE = /^kube-(?:apiserver|controller-manager|scheduler)$/;
const CLIENTS = /^kube-(?:controller-manager|scheduler|proxy)$/;

/** What programs write at error level on machines that come up as they should. */
export const EXPLAINED_ERRORS: readonly ExplainedError[] = [
  {
    program: /^kube-apiserver$/,
    text: /repairip\.go:\d+\] .*ClusterIP \[IPv4\]: [\d.]+ for Service default\/kubernetes .*(?:is not allocated; repairing|already allocated)/,
    why: 'at the first start of a cluster, when another API server made the Service a moment ago; it is repaired at once',
  },
  {
    program: /^etcd$/,
    text: /failed to update storage version.*cannot detect storage schema version: missing term information/,
    why: 'at the first start of a member, until the first term is on its disk; the monitor asks again',
  },
  {
    program: CONTROL_PLANE,
    text: /options\.go:\d+\] The manifest file is empty, ignoring/,
    why: 'Kubernetes 1.36 says so at every start without a manifest of metric labels',
  },
  {
    program: CLIENTS,
    text: /is forbidden: User \\*"system:kube-(?:controller-manager|scheduler|proxy)\\*" cannot/,
    why: 'at the first start of a cluster, until an API server has made the roles that Kubernetes brings',
  },
  {
    program: CLIENTS,
    text: /"(?:Error retrieving lease lock|Failed to watch)" err=".*https:\/\/127\.0\.0\.1:(?:6443|7445)\/.*(?:connection refused|EOF|TLS handshake timeout|i\/o timeout|net\/http: request canceled|context deadline exceeded)/,
    why: 'they start together with their API server, and ask until it answers',
  },
  {
    program: CLIENTS,
    text: /Error initially creating lease lock.*already exists/,
    why: 'the first ones of a cluster race for the lease; one wins',
  },
  {
    program: /^kube-apiserver$/,
    text: /namespaces \\*"kube-system\\*" not found/,
    why: 'at the first start of a cluster, until one of the API servers has made the namespace',
  },
  {
    program: /^kube-apiserver$/,
    text: /unable to sync kubernetes service: .*(?:already allocated|object has been modified|already exists)/,
    why: 'the API servers race to write the Service and its endpoints; each tries again',
  },
  {
    program: /^kube-apiserver$/,
    text: /watcher\.go:\d+\] failed to sync with latest state: context canceled|"Failed to encode watch event" err="http2: stream closed"|http: Handler timeout|Post-timeout activity|"Timeout or abort while handling"/,
    why: 'the client of a request or of a watch went away',
  },
  {
    program: /^kubelet$/,
    text: /node \\*"[\w-]+\\*" not found|nodes \\*"[\w-]+\\*" not found|"No need to create a mirror pod/,
    why: 'until the node has registered, which needs an API server',
  },
  {
    program: /^kubelet$/,
    text: /https:\/\/127\.0\.0\.1:(?:6443|7445)\/.*(?:connection refused|EOF|TLS handshake timeout|i\/o timeout|context deadline exceeded|Client\.Timeout|unexpected end)/,
    why: 'until an API server answers, behind the balancer of a worker or on the same machine',
  },
  {
    program: /^kubelet$/,
    text: /is forbidden: User \\*"system:node:[\w-]+\\*" cannot|"Unable to register node with API server" err="nodes is forbidden|no relationship found between node/,
    why: 'until an API server has made the roles that Kubernetes brings, and has seen the node',
  },
  {
    program: /^kubelet$/,
    text: /namespaces \\*"(?:default|kube-node-lease|kube-system)\\*" not found/,
    why: 'at the first start of a cluster, until one of the API servers has made the namespace',
  },
  {
    program: /^kubelet$/,
    text: /"Failed creating a mirror pod" err="pods \\*"[\w-]+\\*" already exists/,
    why: 'it has made it, and its own view of the API has not caught up',
  },
  {
    program: /^kubelet$/,
    text: /"Failed creating a mirror pod" err=".* is forbidden: no PriorityClass with name system-node-critical was found/,
    why: 'at the first start of a cluster, until one of the API servers has made the class',
  },
  {
    program: /^kube-(?:apiserver|controller-manager|scheduler)$|^kubelet$/,
    text: /Operation cannot be fulfilled on .*the object has been modified/,
    why: 'two write the same object; the API refuses the later one, which reads it and tries again',
  },
  {
    program: /^kubelet$/,
    text: /"Skipping pod synchronization" err="\[?(?:container runtime status check may not have completed yet|PLEG is not healthy: pleg has yet to be successful)/,
    why: 'the first second of every start',
  },
  {
    program: /^kubelet$/,
    text: /"Failed to read data from checkpoint" err="checkpoint is not found"/,
    why: 'a first start has no checkpoint',
  },
  {
    program: /^kubelet$/,
    text: /no imagefs label for configured runtime/,
    why: 'until the runtime has told where its images are',
  },
  {
    program: /^kubelet$/,
    text: /"Failed to set rlimit on max file handles" err="operation not permitted"|failed to apply oom score -?\d+ to PID|oomparser\.go:\d+\] exiting analyzeLines/,
    why: 'the lab only: the machine lacks CAP_SYS_RESOURCE and messages of the kernel',
  },
  {
    program: /^kubelet$/,
    text: /"Error proxying data from client to backend".*websocket: close 1006|"Error on socket receive".*use of closed network connection/,
    why: 'kubectl exec or port-forward ended without saying goodbye, as kubectl does',
  },
  {
    program: /^kube-proxy$/,
    text: /"Failed to list existing nftables objects" err=</,
    why: 'before its first synchronization there is no table to list',
  },
  {
    program: /^haproxy$/,
    text: /backend 'api-servers' has no server available/,
    why: 'workers may start before the control plane',
  },
  {
    program: /^kube-vip$/,
    text: /"Error retrieving lease lock" err=".*(?:is forbidden: User \\*"kube-vip\\*" cannot|connection refused|TLS handshake timeout|context deadline exceeded)/,
    why: 'until an API server answers and the bootstrap unit has given it its lease',
  },
  {
    program: /^etcd$/,
    text: /"msg":"Health check error".*linearizable_read failed: (?:etcdserver: leader changed|context canceled)/,
    why: 'the lab asks for /readyz while the members still elect their first leader, and does not wait long',
  },
  {
    program: /^containerd$/,
    text: /level=error msg="(?:get state for [0-9a-f]+" error="context deadline exceeded"|ttrpc: received message on inactive stream")/,
    why: 'a busy host: the shim of a starting container answered after its time',
  },
];
