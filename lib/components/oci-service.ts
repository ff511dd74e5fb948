import type { LockedAsset } from '../model/cluster.ts';
import type { Machine } from '../model/machine.ts';
import { programPath } from '../model/programs.ts';
import type { UnitSection } from '../render/systemd.ts';
import { commandLine } from '../render/systemd.ts';
import { CONTAINERD_SOCKET } from './containerd.ts';

/** A program that runs from a locked OCI image, on the host's network, as a systemd service. */
export interface OciService {
  /** Container id; also in the unit's name. */
  readonly name: string;
  /** The lock's entry, of kind `oci`; its url is a reference with a digest. */
  readonly image: LockedAsset;
  /** Program and arguments inside the image. */
  readonly command: readonly string[];
  /** Files and folders that the program sees at the same path. */
  readonly mounts: readonly { readonly path: string; readonly readOnly: boolean }[];
  /** The only capabilities it has, with `CAP_`; another user than root has none of them all the same. */
  readonly capabilities?: readonly string[];
  /** Numeric user and group inside: `65532:65532`. */
  readonly user: string;
}

/** What a container has that is told nothing; ctr knows no word for all of them. */
const DEFAULT_CAPABILITIES: readonly string[] = [
  ...['CAP_AUDIT_WRITE', 'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_MKNOD'],
  ...[
    'CAP_NET_BIND_SERVICE',
    'CAP_NET_RAW',
    'CAP_SETFCAP',
    'CAP_SETGID',
    'CAP_SETPCAP',
    'CAP_SETUID',
    'CAP_SYS_CHROOT',
  ],
];

/** Not the kubelet's: its image garbage collection must not find them. */
const NAMESPACE = 'keelway';

/**
 * Lines of `[Service]` that pull an image by digest when it is not there yet, run it, and leave nothing after it.
 *
 * The unit must be ordered after containerd.service. containerd checks the digest, mirrors apply, and a machine that has
 * the image starts without a registry. The program has no capability that is not named, no new privileges, containerd's
 * seccomp profile and a read-only root.
 *
 * @see https://github.com/containerd/containerd/blob/main/docs/man
 */
export function ociServiceLines(machine: Machine, service: OciService): UnitSection {
  const { capabilities = [] } = service;
  const reference = digestReference(service.image);
  const ctr = [programPath(machine.os, 'ctr'), '--address', CONTAINERD_SOCKET, '--namespace', NAMESPACE];
  const pull = `${ctr.join(' ')} images pull --hosts-dir /etc/containerd/certs.d ${reference}`;
  const run = [
    ...ctr.slice(1),
    ...['run', '--rm', '--net-host', '--read-only', '--seccomp', '--user', service.user],
    ...DEFAULT_CAPABILITIES.filter((name) => !capabilities.includes(name)).flatMap((name) => ['--cap-drop', name]),
    ...capabilities.filter((name) => !DEFAULT_CAPABILITIES.includes(name)).flatMap((name) => ['--cap-add', name]),
    ...service.mounts.flatMap(({ path, readOnly }) => [
      '--mount',
      `type=bind,src=${path},dst=${path},options=rbind:${readOnly ? 'ro' : 'rw'}`,
    ]),
    reference,
    service.name,
    ...service.command,
  ];
  return [
    ['ExecStartPre', `/bin/sh -c '${ctr.join(' ')} images ls -q name==${reference} | grep -q . || exec ${pull}'`],
    // What a crash of the machine or of ctr left.
    ['ExecStartPre', `-${ctr.join(' ')} tasks rm --force ${service.name}`],
    ['ExecStartPre', `-${ctr.join(' ')} containers rm ${service.name}`],
    ['ExecStart', commandLine(programPath(machine.os, 'ctr'), run)],
    ['ExecStopPost', `-${ctr.join(' ')} tasks rm --force ${service.name}`],
    ['TimeoutStartSec', '10min'],
  ];
}

function digestReference({ url, sha256 }: LockedAsset): string {
  return url.includes('@') ? url : `${url}@sha256:${sha256}`;
}
