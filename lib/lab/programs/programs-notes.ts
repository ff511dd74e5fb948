/** What a lab of programs has, or does otherwise, beside what was rendered; for `lab up` and the documentation. */
export const PROGRAMS_NOTES: readonly { readonly name: string; readonly reason: string }[] = [
  {
    name: 'no system',
    reason:
      'units and static pods are run by a supervisor, not by systemd and the kubelet: with their command lines, accounts, ' +
      'capabilities, environment, files, probes and restarts, but without the sandboxing of systemd; containerd, kubelet, ' +
      'kube-proxy, clock and disks are not there, so there are no pods',
  },
  {
    name: 'nodes',
    reason:
      "each is registered once with its kubelet's own credential, so that the bootstrap has something to label; none is Ready",
  },
  {
    name: 'container root',
    reason: 'a static pod sees the system programs of the machine, where its image would have none',
  },
  {
    name: 'data disk',
    reason: "etcd's data disk is a folder on this host's disk: it is neither looked for nor checked",
  },
  {
    name: 'inotify',
    reason: 'fs.inotify.max_user_instances and max_user_watches of this host are raised while a lab runs',
  },
];
