/** A program that is on the machine before Keelway is, and the versions that do. */
export interface ExpectedProgram {
  readonly name: string;
  readonly path: string;
  /** What the configuration is made for: `1.36.4`. */
  readonly version: string;
  /** True: only this minor version may run, of which any patch does. False: another one is said, and no more. */
  readonly bound: boolean;
}

/** What the preflight script is told; paths are without blanks or quotes. */
export interface PreflightScript {
  readonly programs: readonly ExpectedProgram[];
  /** True when the kubelet does not start on cgroup v1 by default. */
  readonly needsCgroupV2: boolean;
  /** Folder of the kubelet's drop-ins, one of which may allow cgroup v1. */
  readonly kubeletDropIns: string;
  /** Its presence turns refusal into a warning. */
  readonly override: string;
}

/**
 * The second script of keelway-seed.service, for any POSIX sh with coreutils and grep: whether the OS is one that these
 * files can run on. It changes nothing; exit 1 with every reason on the console.
 */
export function preflightScript({ programs, needsCgroupV2, kubeletDropIns, override }: PreflightScript): string {
  const checks = [
    ...(needsCgroupV2 ? ['check_cgroup'] : []),
    ...programs.map(
      ({ name, path, version, bound }) => `check_version ${name} ${path} ${version} ${bound ? 'bound' : 'free'}`,
    ),
  ];
  return `#!/bin/sh
# Keelway: lets nothing start on an OS that cannot run it, and says where programs are not those that were expected.
set -eu
export LC_ALL=C
refused=0

refuse() {
  if [ -e ${override} ]; then
    echo "keelway-preflight: WARNING: $*; starting all the same, because ${override} is there" >&2
  else
    echo "keelway-preflight: REFUSED: $*" >&2
    refused=1
  fi
}

# systemd mounts tmpfs there for cgroup v1, and for both at once, which the kubelet takes for v1.
check_cgroup() {
  [ "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null || :)" = tmpfs ] || return 0
  cat ${kubeletDropIns}/*.conf 2>/dev/null | grep -Eqs '^ *"?failCgroupV1"?: *false' && return 0
  refuse "this OS runs with cgroup v1, on which the kubelet does not start. Boot it with systemd.unified_cgroup_hierarchy=1," \\
    "or take a newer OS"
}

# check_version NAME PATH VERSION bound|free
check_version() {
  if ! [ -x "$2" ]; then
    echo "keelway-preflight: WARNING: $1 is missing: there is no program $2" >&2
    return
  fi
  found=$(timeout 20 "$2" --version 2>/dev/null | grep -Eom 1 '[0-9]+\\.[0-9]+(\\.[0-9]+)?' | head -n 1 || :)
  case $found in
    "$3") ;;
    '') echo "keelway-preflight: WARNING: cannot tell the version of $2; $3 is expected" >&2 ;;
    "\${3%.*}".*) echo "keelway-preflight: WARNING: $1 is $found; these files are made for $3" >&2 ;;
    *)
      if [ "$4" = bound ]; then
        refuse "$1 is $found, and these files are made for \${3%.*}: take the image that goes with the cluster file"
      else
        echo "keelway-preflight: WARNING: $1 is $found; \${3%.*} is what it is tested with" >&2
      fi
      ;;
  esac
}

${checks.join('\n')}${checks.length === 0 ? ':' : ''}
exit "$refused"
`;
}
