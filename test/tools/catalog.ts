/**
 * The real programs the tests run: what each is, its pinned version, how it is made and which suite needs it.
 *
 * A recipe makes one or more tools. Go recipes build packages of a module below `go/`, whose go.sum pins every byte.
 */

export type Suite = 'unit' | 'versions' | 'control-plane' | 'cluster' | 'bench';

export const SUITES: readonly Suite[] = ['unit', 'versions', 'control-plane', 'cluster', 'bench'];

interface RecipeBase {
  readonly name: string;
  /** Pinned version; for Debian packages the release they are of, `host` being the machine's own. */
  readonly version: string;
  readonly suites: readonly Suite[];
  /** What a person waits on two idle cores with nothing cached, downloads included. */
  readonly minutes: number;
  /** Tool name to its file below the recipe's folder. */
  readonly tools: Readonly<Record<string, string>>;
}

/** Packages built from the Go module `go/<family>`. */
export interface GoModuleRecipe extends RecipeBase {
  readonly kind: 'go-module';
  readonly family: string;
  readonly cgo: boolean;
  readonly ldflags: readonly string[];
  /** Output file to package path. */
  readonly packages: Readonly<Record<string, string>>;
  /** Further names of an output, for a program that acts by the name it is called by. */
  readonly links?: Readonly<Record<string, string>>;
}

/** A program that needs no module of ours: `go install package@version`. */
export interface GoInstallRecipe extends RecipeBase {
  readonly kind: 'go-install';
  readonly ldflags: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
}

/** A C source out of a Go module's folder, linked statically. */
export interface CSourceRecipe extends RecipeBase {
  readonly kind: 'c-source';
  readonly family: string;
  readonly module: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** Debian packages of the machine's own release, unpacked without being installed. */
export interface DebsRecipe extends RecipeBase {
  readonly kind: 'debs';
  readonly packages: readonly string[];
  /** Wrapper script to the program it runs and the folder of its private libraries. */
  readonly wrappers: Readonly<Record<string, { readonly program: string; readonly libraries: string }>>;
}

/** A Debian root file system, made by mmdebstrap. */
export interface RootRecipe extends RecipeBase {
  readonly kind: 'root';
  /** Raised when `buildRoot` changes what it makes. */
  readonly revision: number;
  readonly packages: readonly string[];
  /** Packages taken from sid, because the release's own are too old. */
  readonly fromSid: readonly string[];
}

export type Recipe = GoModuleRecipe | GoInstallRecipe | CSourceRecipe | DebsRecipe | RootRecipe;

const STRIP = ['-s', '-w'];

function etcd(minor: string, version: string, suites: readonly Suite[]): GoModuleRecipe {
  return {
    kind: 'go-module',
    name: `etcd-${minor}`,
    family: `etcd-${minor}`,
    version,
    suites,
    minutes: 1,
    cgo: false,
    ldflags: STRIP,
    packages: {
      etcd: 'go.etcd.io/etcd/server/v3',
      etcdctl: 'go.etcd.io/etcd/etcdctl/v3',
      etcdutl: 'go.etcd.io/etcd/etcdutl/v3',
    },
    tools: { [`etcd-${minor}`]: 'etcd', [`etcdctl-${minor}`]: 'etcdctl', [`etcdutl-${minor}`]: 'etcdutl' },
  };
}

/** Names the Kubernetes program answers to. */
export const KUBERNETES_PROGRAMS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubeadm',
] as const;

function kubernetesLdflags(version: string): readonly string[] {
  const [major, minor] = version.split('.');
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return [
    ...STRIP,
    ...packages.flatMap((pkg) => [
      `-X ${pkg}.gitVersion=v${version}`,
      `-X ${pkg}.gitMajor=${major}`,
      `-X ${pkg}.gitMinor=${minor}`,
      `-X ${pkg}.gitTreeState=clean`,
    ]),
  ];
}

/** @param suffix - Tells the tools of a minor from those of the others: the files bear their plain names. */
function kubernetes(minor: string, version: string, suffix: string, suites: readonly Suite[]): GoModuleRecipe {
  return {
    kind: 'go-module',
    name: `kubernetes-${minor}`,
    family: `kubernetes-${minor}`,
    version,
    suites,
    minutes: 5,
    cgo: false,
    ldflags: kubernetesLdflags(version),
    packages: { kubernetes: '.' },
    links: Object.fromEntries(KUBERNETES_PROGRAMS.map((name) => [name, 'kubernetes'])),
    tools: Object.fromEntries(KUBERNETES_PROGRAMS.map((name) => [`${name}${suffix}`, name])),
  };
}

function kubectl(minor: string, version: string, suffix: string, suites: readonly Suite[]): GoModuleRecipe {
  return {
    kind: 'go-module',
    name: `kubectl-${minor}`,
    family: `kubernetes-${minor}`,
    version,
    suites,
    minutes: 1,
    cgo: false,
    ldflags: kubernetesLdflags(version),
    packages: { kubectl: 'k8s.io/kubernetes/cmd/kubectl' },
    tools: { [`kubectl${suffix}`]: 'kubectl' },
  };
}

const IGNITION = 'github.com/coreos/ignition/v2';

export const RECIPES: readonly Recipe[] = [
  etcd('3.6', '3.6.16', ['unit', 'versions', 'control-plane', 'cluster']),
  {
    kind: 'go-module',
    name: 'ignition-validate',
    family: 'ignition',
    version: '2.27.0',
    suites: ['unit'],
    minutes: 1,
    cgo: false,
    ldflags: [...STRIP, `-X ${IGNITION}/internal/version.Raw=v2.27.0`],
    packages: { 'ignition-validate': `${IGNITION}/validate` },
    tools: { 'ignition-validate': 'ignition-validate' },
  },
  {
    kind: 'go-module',
    name: 'ignition',
    family: 'ignition',
    version: '2.27.0',
    suites: ['unit'],
    minutes: 1,
    cgo: true,
    ldflags: [
      ...STRIP,
      `-X ${IGNITION}/internal/version.Raw=v2.27.0`,
      `-X ${IGNITION}/internal/distro.selinuxRelabel=false`,
    ],
    packages: { ignition: `${IGNITION}/internal` },
    tools: { ignition: 'ignition' },
  },
  {
    kind: 'go-module',
    name: 'butane',
    family: 'ignition',
    version: '0.28.0',
    suites: ['unit', 'bench'],
    minutes: 1,
    cgo: false,
    ldflags: [...STRIP, '-X github.com/coreos/butane/internal/version.Raw=v0.28.0'],
    packages: { butane: 'github.com/coreos/butane/internal' },
    tools: { butane: 'butane' },
  },
  kubernetes('1.36', '1.36.4', '', ['unit', 'versions', 'control-plane', 'cluster', 'bench']),
  kubectl('1.36', '1.36.4', '', ['unit', 'versions', 'control-plane', 'cluster']),
  kubernetes('1.35', '1.35.4', '-1.35', ['versions']),
  kubectl('1.35', '1.35.4', '-1.35', ['versions']),
  kubernetes('1.37', '1.37.2', '-1.37', ['versions']),
  kubectl('1.37', '1.37.2', '-1.37', ['versions']),
  etcd('3.5', '3.5.35', ['unit', 'versions']),
  etcd('3.7', '3.7.3', ['unit', 'versions']),
  {
    kind: 'go-install',
    name: 'age',
    version: '1.3.2',
    suites: ['unit'],
    minutes: 1,
    ldflags: STRIP,
    packages: { age: 'filippo.io/age/cmd/age', 'age-keygen': 'filippo.io/age/cmd/age-keygen' },
    tools: { age: 'age', 'age-keygen': 'age-keygen' },
  },
  {
    kind: 'go-install',
    name: 'sops',
    version: '3.13.3',
    suites: ['unit'],
    minutes: 2,
    ldflags: STRIP,
    packages: { sops: 'github.com/getsops/sops/v3/cmd/sops' },
    tools: { sops: 'sops' },
  },
  {
    // The product's floor is 1.2.3; 1.2.2 is the newest that can be had as a module.
    kind: 'go-module',
    name: 'kube-vip',
    family: 'kube-vip',
    version: '1.2.2',
    suites: ['control-plane', 'cluster'],
    minutes: 2,
    cgo: false,
    ldflags: [...STRIP, '-X main.Version=v1.2.2', '-X main.Build=module'],
    packages: { 'kube-vip': 'github.com/kube-vip/kube-vip' },
    tools: { 'kube-vip': 'kube-vip' },
  },
  {
    kind: 'go-module',
    name: 'cri-tools',
    family: 'cri-tools',
    version: '1.36.0',
    suites: ['cluster'],
    minutes: 1,
    cgo: false,
    ldflags: [...STRIP, '-X sigs.k8s.io/cri-tools/pkg/version.Version=v1.36.0'],
    packages: { crictl: 'sigs.k8s.io/cri-tools/cmd/crictl' },
    tools: { crictl: 'crictl' },
  },
  {
    // In a folder of their own: containerd is told one folder for all CNI plugins.
    kind: 'go-module',
    name: 'cni-plugins',
    family: 'cni',
    version: '1.9.1',
    suites: ['cluster'],
    minutes: 1,
    cgo: false,
    ldflags: [...STRIP, '-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=v1.9.1'],
    packages: {
      bridge: 'github.com/containernetworking/plugins/plugins/main/bridge',
      loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
      'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
      portmap: 'github.com/containernetworking/plugins/plugins/meta/portmap',
    },
    tools: {
      'cni-bridge': 'bridge',
      'cni-loopback': 'loopback',
      'cni-host-local': 'host-local',
      'cni-portmap': 'portmap',
    },
  },
  {
    kind: 'go-module',
    name: 'coredns',
    family: 'coredns',
    version: '1.15.0',
    suites: ['cluster'],
    minutes: 1,
    cgo: false,
    ldflags: STRIP,
    packages: { coredns: '.' },
    tools: { coredns: 'coredns' },
  },
  {
    // Ours: no module but the standard library.
    kind: 'go-module',
    name: 'echo',
    family: 'echo',
    version: '1.0.0',
    suites: ['cluster'],
    minutes: 1,
    cgo: false,
    ldflags: STRIP,
    packages: { echo: '.' },
    tools: { echo: 'echo' },
  },
  {
    kind: 'c-source',
    name: 'pause',
    family: 'kubernetes-1.36',
    module: 'k8s.io/kubernetes',
    version: '3.10.2',
    suites: ['cluster'],
    minutes: 1,
    flags: ['-Os', '-static', '-DVERSION=v3.10.2'],
    sources: { pause: 'build/pause/linux/pause.c' },
    tools: { pause: 'pause' },
  },
  {
    kind: 'debs',
    name: 'nspawn',
    version: 'host',
    suites: ['cluster'],
    minutes: 1,
    packages: ['systemd-container', 'libsystemd-shared'],
    wrappers: {
      'systemd-nspawn': { program: 'usr/bin/systemd-nspawn', libraries: 'usr/lib/x86_64-linux-gnu/systemd' },
    },
    tools: { 'systemd-nspawn': 'systemd-nspawn' },
  },
  {
    kind: 'root',
    name: 'root-trixie',
    revision: 1,
    version: 'trixie',
    suites: ['unit', 'versions', 'control-plane', 'cluster'],
    minutes: 1,
    packages: [
      ...['systemd', 'systemd-sysv', 'systemd-resolved', 'udev', 'dbus', 'kmod', 'cloud-init', 'python3-yaml'],
      ...['haproxy', 'bird2', 'chrony', 'nftables', 'iptables', 'ipset', 'ebtables', 'conntrack', 'ethtool', 'socat'],
      ...['iproute2', 'iputils-ping', 'iputils-arping', 'netbase', 'openssh-server', 'openssl', 'ca-certificates'],
      ...['curl', 'cpio', 'zstd', 'e2fsprogs', 'fdisk', 'mount', 'procps', 'util-linux', 'sudo', 'less'],
    ],
    fromSid: ['containerd', 'runc'],
    tools: {},
  },
];

/** A program or file of the machine itself, and the Debian package that brings it. */
export interface HostNeed {
  readonly name: string;
  readonly package: string;
  /** A file to look for; without it, `name` is a program looked up on PATH. */
  readonly file?: string;
}

/** What the machine itself must have, whichever tools are wanted. */
export const HOST_NEEDS: readonly HostNeed[] = [
  { name: 'xorriso', package: 'xorriso' },
  { name: 'bsdtar', package: 'libarchive-tools' },
  { name: 'cpio', package: 'cpio' },
  { name: 'zstd', package: 'zstd' },
  { name: 'openssl', package: 'openssl' },
  { name: 'python3', package: 'python3' },
  { name: 'git', package: 'git' },
  { name: 'shellcheck', package: 'shellcheck' },
  { name: 'ssh-keygen', package: 'openssh-client' },
  { name: 'ip', package: 'iproute2' },
  { name: 'unshare', package: 'util-linux' },
  { name: 'mmdebstrap', package: 'mmdebstrap' },
  { name: 'gcc', package: 'gcc' },
  { name: 'pkg-config', package: 'pkg-config' },
  { name: 'libc headers', package: 'libc6-dev', file: '/usr/include/stdlib.h' },
  { name: 'libblkid headers', package: 'libblkid-dev', file: '/usr/include/blkid/blkid.h' },
  { name: 'certificate authorities', package: 'ca-certificates', file: '/etc/ssl/certs/ca-certificates.crt' },
  {
    name: 'Debian’s archive keys',
    package: 'debian-archive-keyring',
    file: '/usr/share/keyrings/debian-archive-keyring.gpg',
  },
];
