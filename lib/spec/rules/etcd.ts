import type { Issue, IssuePath } from '../../issue.ts';
import { isBelow } from '../../model/paths.ts';
import { parseDurationMs, parseSizeBytes } from '../../model/quantities.ts';
import { quorumOf } from '../../model/quorum.ts';
import { topologyOf } from '../effective-machines.ts';
import { finding } from '../issue-codes.ts';
import { nearest } from '../suggest.ts';
import { machinePath, type Rule, type RuleContext, rule } from './rule.ts';

const ETCD: IssuePath = ['spec', 'etcd'];

function topology({ spec, machines }: RuleContext): readonly Issue[] {
  const dedicated = machines.filter((machine) => machine.role === 'etcd');
  if (topologyOf(spec) === 'external') {
    if (dedicated.length > 0) return [];
    const message = 'topology external needs machines with role etcd, and there is none';
    return [
      finding(
        'ETCD_TOPOLOGY',
        [...ETCD, 'topology'],
        message,
        'add machines with role: etcd, or use topology: stacked',
      ),
    ];
  }
  return dedicated.map((machine) => {
    const message = `${machine.spec.name} has role etcd, but in topology stacked the control-plane machines run etcd`;
    return finding(
      'ETCD_TOPOLOGY',
      machinePath(machine, 'role'),
      message,
      'use topology: external, or remove the machine',
    );
  });
}

function memberCount({ spec, machines }: RuleContext): readonly Issue[] {
  const members = machines.filter((machine) => machine.runsEtcd).length;
  const accepted = spec.etcd.acceptNoFaultTolerance;
  const addOne =
    topologyOf(spec) === 'external' ? 'add a third machine with role: etcd' : 'add a third control-plane machine';
  if (members > 7) {
    const message = `${members} members: every write waits for ${quorumOf(members).quorum} disks`;
    return [finding('ETCD_TOO_MANY_MEMBERS', ['spec', 'machines'], message, 'use three or five, at most seven')];
  }
  if (members === 1) {
    const message = 'one etcd member: losing its disk loses the cluster';
    return [
      finding(
        'ETCD_SINGLE_MEMBER',
        ['spec', 'machines'],
        message,
        'three members survive the loss of one; keep snapshots elsewhere',
      ),
    ];
  }
  if (members === 2) {
    const message = 'two members need both alive to write; losing either stops the cluster';
    if (!accepted) {
      const hint = `${addOne}, or accept it with etcd.acceptNoFaultTolerance: true`;
      return [finding('ETCD_FAULT_TOLERANCE', ETCD, message, hint)];
    }
    const hint = `${addOne}, or keep acceptNoFaultTolerance: true`;
    return [finding('ETCD_NO_FAULT_TOLERANCE', [...ETCD, 'acceptNoFaultTolerance'], message, hint)];
  }
  const issues: Issue[] = [];
  if (members > 0 && members % 2 === 0) {
    const { tolerated } = quorumOf(members);
    const message = `${members} members survive the loss of ${tolerated}, as ${members - 1} do, and have one more that can fail`;
    issues.push(finding('ETCD_EVEN_MEMBERS', ['spec', 'machines'], message, 'add one or remove one'));
  }
  if (members > 2 && accepted) {
    const message = `${members} members do tolerate a failure; nothing is left to accept`;
    issues.push(finding('ETCD_ACCEPTANCE_UNUSED', [...ETCD, 'acceptNoFaultTolerance'], message, 'remove the line'));
  }
  return issues;
}

/** A member is added as a learner, one at a time; what is left to do is said until it is done. */
function joining({ spec, machines }: RuleContext): readonly Issue[] {
  const { joining: name } = spec.etcd;
  if (name === undefined) return [];
  const path = [...ETCD, 'joining'];
  const members = machines.filter((machine) => machine.runsEtcd).map((machine) => machine.spec.name);
  if (!members.includes(name)) {
    const meant = nearest(name, members);
    const hint = meant === null ? 'add the machine, or remove the line' : `did you mean ${meant}?`;
    return [finding('ETCD_JOINING', path, `no machine called ${name} runs etcd`, hint)];
  }
  if (members.length === 1) {
    return [
      finding('ETCD_JOINING', path, `${name} is the only member; there is no cluster to join`, 'remove the line'),
    ];
  }
  const { members: voters, tolerated } = quorumOf(members.length - 1);
  const message = `${name} joins: until it votes, ${voters} ${voters === 1 ? 'member is' : 'members are'} all there is, of which ${tolerated} may fail`;
  const hint = `boot the others with this build, add and promote ${name}, then remove the line: docs/etcd.md`;
  return [finding('ETCD_MEMBER_JOINING', path, message, hint)];
}

/** Names below /var/lib where programs of the machines keep their state, in any of the operating systems. */
const STATE_FOLDERS: readonly string[] = [
  ...['NetworkManager', 'PackageKit', 'apt', 'bird', 'calico', 'chrony', 'cloud', 'cni', 'containerd', 'containers'],
  ...['dbus', 'dhcp', 'dhcpcd', 'dnf', 'docker', 'dpkg', 'etcd/keelway-snapshots', 'etcd/member', 'flatcar', 'fwupd'],
  ...['haproxy', 'ignition', 'keelway', 'kubelet', 'landscape', 'man-db', 'misc', 'nfs', 'ntpsec', 'pam', 'polkit-1'],
  ...['portables', 'private', 'python', 'rpm', 'rpm-ostree', 'selinux', 'shells.state', 'shim-signed', 'snapd', 'sss'],
  ...['sudo', 'systemd', 'ubuntu-advantage', 'ucf', 'update_engine', 'update-notifier', 'usbutils', 'vim', 'zincati'],
];

/** Folders that belong to the system or to other programs, with all that is in them. */
const SYSTEM_TREES: readonly string[] = [
  ...['/bin', '/boot', '/dev', '/efi', '/etc', '/lib', '/lib64', '/proc', '/run', '/sbin', '/sys', '/tmp', '/usr'],
  ...['/opt/bin', '/opt/cni', '/var/backups', '/var/cache', '/var/lock', '/var/log', '/var/mail', '/var/run'],
  ...['/var/spool', '/var/tmp', ...STATE_FOLDERS.map((name) => `/var/lib/${name}`)],
];

/** Folders that a mounted disk would hide. */
const SYSTEM_FOLDERS: readonly string[] = ['/', '/home', '/media', '/mnt', '/opt', '/root', '/srv', '/var', '/var/lib'];

const SHARE = /^[a-z+]*:?\/\/|^[\w.-]+:\//i;
const SHARE_FOLDER =
  /^\/net\/|\/(?:nfs\d?|cifs|smb|smbfs|gluster|glusterfs|gfs2?|ceph|cephfs|lustre|beegfs|afs|sshfs)(?:[-_/]|$)/i;

function dataDirectory({ spec }: RuleContext): readonly Issue[] {
  const path = [...ETCD, 'dataDirectory'];
  const { dataDirectory: directory } = spec.etcd;
  if (SHARE.test(directory) || SHARE_FOLDER.test(directory)) {
    const message = `${directory} looks like a network file system`;
    const hint = 'the members share a path, never storage: write a local folder, where each mounts a disk of its own';
    return [finding('ETCD_DATA_ON_NETWORK', path, message, hint)];
  }
  const tree = SYSTEM_TREES.find((system) => isBelow(directory, system));
  if (tree === undefined && !SYSTEM_FOLDERS.includes(directory)) return [];
  const message = `${directory} belongs to the system; the data disk is mounted there`;
  return [finding('ETCD_DATA_DIRECTORY', path, message, 'use a folder of its own: /var/lib/etcd')];
}

/** etcd itself refuses an election timeout below five heartbeats or above 50 s. */
function timers({ spec }: RuleContext): readonly Issue[] {
  const heartbeat = parseDurationMs(spec.etcd.heartbeatInterval);
  const election = parseDurationMs(spec.etcd.electionTimeout);
  if (heartbeat === null || election === null) return [];
  const path = [...ETCD, 'electionTimeout'];
  if (election > 50_000)
    return [
      finding(
        'ETCD_TIMERS',
        path,
        `etcd refuses an election timeout of ${spec.etcd.electionTimeout}`,
        'use at most 50s',
      ),
    ];
  if (election >= 5 * heartbeat) return [];
  const message = `an election timeout of ${spec.etcd.electionTimeout} is less than five heartbeats of ${spec.etcd.heartbeatInterval}`;
  return [
    finding('ETCD_TIMERS', path, message, 'use ten heartbeats: electionTimeout: 1s with heartbeatInterval: 100ms'),
  ];
}

const GIB = 2 ** 30;

function quota({ spec }: RuleContext): readonly Issue[] {
  const bytes = parseSizeBytes(spec.etcd.quotaBackendSize);
  if (bytes === null || (bytes >= 2 * GIB && bytes <= 8 * GIB)) return [];
  const size = spec.etcd.quotaBackendSize;
  const message =
    bytes > 8 * GIB
      ? `etcd recommends at most 8GiB, not ${size}`
      : `${size} is less than the 2GiB that etcd uses by default`;
  return [finding('ETCD_QUOTA', [...ETCD, 'quotaBackendSize'], message, 'use 2GiB to 8GiB')];
}

export const etcdRules: readonly Rule[] = [
  rule(['etcd', 'machines'], topology),
  rule(['etcd', 'machines'], memberCount),
  rule(['etcd', 'machines'], joining),
  rule(['etcd'], dataDirectory),
  rule(['etcd'], timers),
  rule(['etcd'], quota),
];
