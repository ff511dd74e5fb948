import type { Issue, IssuePath, Severity } from '../issue.ts';

/** Codes of findings that stop every command. A code is stable and has one severity; docs/errors.md is made from this table. */
export const errorCodes = {
  // The text
  SPEC_TOO_LARGE: 'The file is larger than 1 MiB.',
  SPEC_ENCODING: 'The file is not UTF-8 text: binary, UTF-16, or bytes that are no UTF-8.',
  SPEC_EMPTY: 'The file holds no document.',
  SPEC_YAML_SYNTAX: 'The file is not YAML.',
  SPEC_YAML_DEPTH: 'Values are nested deeper than any cluster file needs.',
  SPEC_YAML_DOCUMENTS: 'The file holds more than one YAML document.',
  SPEC_YAML_ALIAS: 'Aliases (`*name`) and merge keys (`<<`) are not used in a cluster file.',
  SPEC_YAML_TAG: 'Tags (`!!js/function`, `!env`) and directives (`%YAML`) are not used in a cluster file.',
  SPEC_KEY_DUPLICATE: 'A key stands twice in one mapping.',
  SPEC_KEY_FORBIDDEN: 'A key is no plain text, or one that JavaScript objects reserve (`__proto__`).',
  SPEC_MORE: 'There are more findings than are shown.',
  // The shape
  SPEC_FIELD_UNKNOWN: 'A key is not a field of the cluster file.',
  SPEC_FIELD_MISSING: 'A required field is absent.',
  SPEC_FIELD_EMPTY: 'A field has no value.',
  SPEC_TYPE: 'A value has the wrong kind: text for a list, a number for text.',
  SPEC_VALUE_UNKNOWN: 'A value is not one of the allowed words.',
  SPEC_VALUE_RANGE: 'A number is out of range, or a list is too short or too long.',
  SPEC_FIELD_UNUSABLE: 'A field has no use here: the role, the profile or the topology does not read it.',
  SPEC_FIELD_CONFLICT: 'Two fields say the same thing; one of them must go.',
  // One value
  SPEC_ADDRESS_INVALID: 'A value is not an IPv4 address in its one spelling.',
  SPEC_CIDR_INVALID: 'A value is not an IPv4 network with its host bits zero.',
  SPEC_MAC_INVALID: 'A value is not a MAC address in its one spelling, or no network card can have it.',
  SPEC_NAME_INVALID: 'A name is not a DNS label or DNS name.',
  SPEC_VERSION_INVALID: 'A value is not an exact version.',
  SPEC_DURATION_INVALID: 'A value is not a duration.',
  SPEC_SIZE_INVALID: 'A value is not a size.',
  SPEC_ENDPOINT_INVALID: 'A value is not host:port.',
  SPEC_PATH_INVALID: 'A path is not of the kind this field takes.',
  SPEC_UUID_INVALID: 'A value is not a UUID in lower case, or one that vendors put into every machine.',
  SPEC_SERIAL_INVALID: 'A serial number is a placeholder of the firmware.',
  SPEC_INTERFACE_INVALID: 'A value is no name of a network interface.',
  SPEC_DISK_INVALID: 'A disk selector is not exactly one stable name.',
  SPEC_LABEL_INVALID: 'A label or taint does not follow the syntax of Kubernetes.',
  SPEC_URL_INVALID: 'A value is not a URL of the kind this field takes.',
  SPEC_URL_SECRET: 'A URL carries a user name and password; the cluster file is made to be committed.',
  SPEC_SECRET: 'Secret material stands in the file.',
  SPEC_SSH_KEY_INVALID: 'A value is not a public SSH key.',
  SPEC_BRANCH_INVALID: 'A value is no name of a Git branch.',
  SPEC_REGISTRY_INVALID: 'A value is not a registry host.',
  SPEC_USER_INVALID: 'A value is no account name, or one that the system uses itself.',
  // Versions
  VERSION_UNSUPPORTED: 'This version is not one that Keelway supports.',
  UPGRADE_SKIPS:
    'From the last build to this one a minor of Kubernetes or etcd is left out, or a patch that etcd needs before.',
  VERSION_FLUX: 'Flux 2.9 needs Kubernetes 1.33 or newer.',
  // Network
  NETWORK_OVERLAP: 'Two of node subnet, pod CIDR and service CIDR overlap.',
  NETWORK_RESERVED: 'A network lies in a range that cannot be used for it: loopback, link-local, multicast.',
  NETWORK_SUBNET_SIZE: 'The node subnet has too few addresses.',
  NETWORK_POD_CIDR_SIZE: 'The pod CIDR is too small for the machines.',
  NETWORK_SERVICE_CIDR_SIZE: 'The service CIDR is too small for cluster DNS or larger than kube-apiserver accepts.',
  NETWORK_GATEWAY: 'The gateway is not a host address of the node subnet.',
  NETWORK_NAMESERVER: 'A name server is an address that machines or pods cannot use.',
  NETWORK_TIME_SERVER: 'A time server is an address that machines cannot use before the cluster is there.',
  NETWORK_UNREACHABLE: 'A server lies outside the node subnet and there is no gateway, or a name needs a name server.',
  // Machines
  MACHINE_NO_CONTROL_PLANE: 'No machine has role control-plane.',
  MACHINE_NAME_DUPLICATE: 'Two machines have one name.',
  MACHINE_NAME_RESERVED: 'A machine has a name that means something else: localhost, kubernetes, operator.',
  MACHINE_ADDRESS_DUPLICATE: 'Two machines have one address.',
  MACHINE_ADDRESS_FOREIGN: 'The address of a machine is outside the node subnet.',
  MACHINE_ADDRESS_TAKEN: 'The address of a machine is the network, broadcast or gateway address.',
  MACHINE_MAC_DUPLICATE: 'One MAC address stands twice.',
  MACHINE_IDENTITY_DUPLICATE: 'Two machines have one UUID or serial number.',
  MACHINE_IDENTITY_MISSING: 'A machine has no MAC address, UUID or serial number.',
  MACHINE_INTERFACE_UNKNOWN: 'Neither a MAC address nor an interface name says which network card has the address.',
  MACHINE_DISK_DUPLICATE: 'One disk is selected twice.',
  MACHINE_DISK_SHARED: 'A machine has its operating system and its etcd data on one disk.',
  LABEL_NOT_ALLOWED: 'A kubelet may not set this label on its own node.',
  TAINT_RESERVED: 'Kubernetes or Keelway sets this taint itself.',
  TAINT_DUPLICATE: 'One taint stands twice.',
  // Control plane and virtual IP
  ENDPOINT_PORT: 'The API port is used by another program or by Services.',
  ENDPOINT_MACHINE: 'The endpoint is the address of a machine that runs no API server.',
  ENDPOINT_VIP_MISMATCH: 'The endpoint is an address, but not that of the virtual IP.',
  VIP_ADDRESS_MISSING: 'The endpoint is a name and the virtual IP has no address.',
  VIP_ADDRESS_TAKEN: 'The virtual IP is the address of a machine, the gateway or another server.',
  VIP_ADDRESS_UNUSABLE: 'The virtual IP is a network, broadcast or reserved address.',
  VIP_IN_CLUSTER_CIDR: 'The virtual IP lies inside the pod or service CIDR.',
  VIP_OUTSIDE_SUBNET: 'Profile arp needs a virtual IP inside the node subnet.',
  VIP_ON_LINK_UNGATED: 'onLink: arp in profile bgp-router would let a machine with a dead API server answer.',
  VIP_INTERFACE_UNKNOWN: 'Profile arp needs the name of the interface or a gateway to find it by.',
  BGP_SETTINGS_MISSING: 'A BGP profile has no bgp settings.',
  BGP_ROUTERS_MISSING: 'Profile bgp-router has no router to dial.',
  BGP_ASN_INVALID: 'An AS number is reserved and cannot be used.',
  BGP_ROUTER_ASN: 'A router is in the AS of the cluster; upstream routers are eBGP peers.',
  BGP_ROUTER_DUPLICATE: 'One router stands twice.',
  BGP_ROUTER_ADDRESS: 'The address of a router is the virtual IP, a worker, an etcd machine or no host address.',
  BGP_PEER_IS_CONTROL_PLANE: 'A control-plane machine stands among the routers; kube-vip only dials and never listens.',
  BGP_ROUTER_MULTIHOP: 'A router is not on the node subnet and multihop is not set, or no route leads to it.',
  BGP_TIMERS: 'Hold time and keepalive interval do not fit together.',
  BGP_PASSWORD: 'A BGP password is empty, too long or has characters that break the peer list.',
  // etcd
  ETCD_FAULT_TOLERANCE: 'Two members need both alive to write, and the file does not accept that.',
  ETCD_TOPOLOGY: 'The topology and the roles of the machines do not agree.',
  ETCD_JOINING: 'The member that is to join is none of the machines, or there is no other.',
  ETCD_TOO_MANY_MEMBERS: 'More than seven members.',
  ETCD_DATA_DISK_MISSING: 'A machine that runs etcd has no data disk.',
  ETCD_DATA_DIRECTORY: 'The data directory is not an absolute path of its own.',
  ETCD_DATA_ON_NETWORK: 'etcd data would lie on a network file system or network disk.',
  ETCD_TIMERS: 'Election timeout and heartbeat interval do not fit together.',
  // PKI, access, the rest
  PKI_LIFETIMES: 'Lifetimes do not fit into each other: renewBefore < leafLifetime < caLifetime.',
  REGISTRY_DUPLICATE: 'One registry stands twice.',
  LOCK_INVALID: 'The asset lock does not follow its format.',
  LOCK_DUPLICATE: 'The asset lock has one program twice.',
} as const;

/** Codes of findings that are printed and let the command go on; `--strict` makes them fatal. */
export const warningCodes = {
  VERSION_ETCD_OLD: 'This etcd is older than the one this Kubernetes minor is tested with.',
  VERSION_SUPPORT_ENDS: 'This Kubernetes minor gets critical fixes only, or none any more.',
  UPGRADE_BACK: 'The last build has a newer minor of Kubernetes or etcd; machines that booted it do not go back.',
  VERSION_ETCD_VULNERABLE: 'This etcd has published security holes.',
  NETWORK_NO_TIME_SERVERS: 'No time servers: certificates and etcd need clocks that agree.',
  NETWORK_NO_NAMESERVERS: 'No name servers: images and Git repositories cannot be found by name.',
  NETWORK_NAMESERVERS_IGNORED: 'Resolvers use three name servers; the others are ignored.',
  NETWORK_SERVICE_CIDR_SMALL: 'The service CIDR has room for few Services and cannot be enlarged later.',
  MACHINE_DEFAULT_UNUSED: 'A machine default applies to no machine.',
  MACHINE_NO_WORKLOAD: 'No machine takes ordinary pods.',
  ENDPOINT_SINGLE_MACHINE: 'The endpoint is one of several control-plane machines.',
  ENDPOINT_NOT_IN_CLUSTER: 'The endpoint lies in the node subnet, but no machine of the file has it.',
  VIP_NOT_ON_LINK:
    'A virtual IP inside the node subnet with a BGP profile; the file does not say who answers ARP for it.',
  BGP_NO_UPSTREAM: 'Profile bgp-mesh has no upstream router: only members of the mesh learn the virtual IP.',
  ETCD_NO_FAULT_TOLERANCE: 'Two etcd members, accepted: losing either stops all writes.',
  ETCD_SINGLE_MEMBER: 'One etcd member: losing it stops the cluster.',
  ETCD_EVEN_MEMBERS: 'An even number of members tolerates no more failures than one member fewer.',
  ETCD_ACCEPTANCE_UNUSED: 'acceptNoFaultTolerance is set, but the members do tolerate a failure.',
  ETCD_MEMBER_JOINING:
    'A member is being added: it does not vote, and API servers do not use it, until the line is removed.',
  ETCD_QUOTA: 'The quota is smaller than the default of etcd or larger than etcd recommends.',
  PKI_RSA_LONG_LIVED: 'RSA-2048 keys that are valid for more than five years.',
  PKI_NODE_SIGNER_OFFLINE:
    'The node-signer is offline: no machine gives the first permissions, and kubelets do not renew their certificates.',
  ACCESS_NO_SSH_KEYS: 'No SSH key: nobody can log in to a machine.',
  REGISTRY_PLAINTEXT: 'A registry mirror is reached without TLS.',
  GITOPS_PLAINTEXT: 'The Git repository is reached without TLS or SSH.',
} as const;

export type IssueCode = keyof typeof errorCodes | keyof typeof warningCodes;

const UNSUPPORTED: ReadonlySet<string> = new Set<IssueCode>(['VERSION_UNSUPPORTED', 'VERSION_FLUX']);
const SECRET: ReadonlySet<string> = new Set<IssueCode>(['SPEC_SECRET', 'SPEC_URL_SECRET']);

/** True for what Keelway does not support (exit code 3), as opposed to a mistake in the file (exit code 2). */
export function isUnsupportedCode(code: string): boolean {
  return UNSUPPORTED.has(code);
}

/** True when the line of such a finding may hold secret material: it is never quoted. */
export function isSecretCode(code: string): boolean {
  return SECRET.has(code);
}

export function severityOf(code: IssueCode): Severity {
  return Object.hasOwn(errorCodes, code) ? 'error' : 'warning';
}

/** A finding without a position; {@link file://./locate.ts} adds it. */
export function finding(code: IssueCode, path: IssuePath, message: string, hint?: string): Issue {
  const issue = { severity: severityOf(code), code, path, message };
  return hint === undefined ? issue : { ...issue, hint };
}
