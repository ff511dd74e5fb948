import * as z from 'zod/mini';
import type { ClusterSpec } from './cluster-spec.ts';
import { described } from './schema/checked.ts';
import { controlPlaneSchema, etcdSchema } from './schema/control-plane-schema.ts';
import {
  cidrField,
  dnsLabelField,
  dnsNameField,
  durationField,
  hostField,
  ipv4Field,
  versionField,
} from './schema/fields.ts';
import { machineDefaultsSchema, machineSchema } from './schema/machine-schema.ts';
import {
  branchField,
  fileField,
  mirrorField,
  registryField,
  repositoryField,
  repositoryPathField,
  sshKeyField,
  userField,
} from './schema/text-fields.ts';

const versions = described(
  z.strictObject({
    kubernetes: versionField('Kubernetes version: 1.35 to 1.37.'),
    etcd: versionField('etcd version: 3.5 to 3.7.', '3.6.16'),
    kubeVip: z._default(versionField('kube-vip version: 1.2.3 or newer.', '1.2.4'), '1.2.4'),
    pause: z._default(
      versionField("Version of the pause image; the same as containerd's sandbox image.", '3.10.2'),
      '3.10.2',
    ),
  }),
  'Exact versions of what the machines run.',
);

const network = described(
  z.strictObject({
    nodeSubnet: cidrField('The one subnet that every machine is on.'),
    podCIDR: z._default(cidrField('Addresses of pods.', '10.244.0.0/16'), '10.244.0.0/16'),
    serviceCIDR: z._default(
      cidrField('Addresses of Services; the first is the API, the tenth cluster DNS.', '10.96.0.0/12'),
      '10.96.0.0/12',
    ),
    domain: z._default(dnsNameField('DNS domain of the cluster.'), 'cluster.local'),
    gateway: z.optional(
      ipv4Field('Default gateway of the machines. Without it they reach the node subnet only.', '10.0.0.1'),
    ),
    nameservers: z._default(
      described(z.array(ipv4Field('Address.', '10.0.0.1')).check(z.maxLength(8)), 'Name servers of the machines.'),
      [],
    ),
    searchDomains: z._default(
      described(z.array(dnsNameField('Domain.')).check(z.maxLength(32)), 'DNS search domains of the machines.'),
      [],
    ),
    timeServers: z._default(
      described(z.array(hostField('Address or name.')).check(z.maxLength(16)), 'NTP servers of the machines.'),
      [],
    ),
    mtu: z.optional(
      described(
        z.int().check(z.minimum(1280), z.maximum(9216)),
        "MTU of the node network in bytes; by default the link's own.",
      ),
    ),
  }),
  'The node network and the networks of pods and Services.',
);

const pki = z.prefault(
  described(
    z.strictObject({
      keyAlgorithm: z._default(described(z.enum(['ECDSA-P256', 'RSA-2048']), 'Algorithm of every key.'), 'ECDSA-P256'),
      caLifetime: z._default(durationField('Lifetime of the certificate authorities.', '87600h'), '87600h'),
      leafLifetime: z._default(durationField('Lifetime of the certificates that Keelway issues.', '8760h'), '8760h'),
      renewBefore: z.optional(
        durationField(
          'A kept certificate is issued again when less than this is left; by default a third of leafLifetime.',
          '2920h',
        ),
      ),
      nodeSigner: z._default(
        described(
          z.enum(['online', 'offline']),
          'online: control-plane machines hold the node-signer CA and kubelets renew their certificates. offline: they do not.',
        ),
        'online',
      ),
    }),
    'Keys and certificates.',
  ),
  {},
);

const access = z.prefault(
  described(
    z.strictObject({
      user: z._default(userField('Account with the SSH keys and sudo.'), 'core'),
      sshAuthorizedKeys: z._default(
        described(
          z.array(sshKeyField('One line of a .pub file.')).check(z.maxLength(256)),
          'Public SSH keys of the operators.',
        ),
        [],
      ),
    }),
    'Who may log in to the machines.',
  ),
  {},
);

const registry = described(
  z.strictObject({
    registry: registryField('Registry host as it stands in image references; _default for all others.'),
    endpoints: described(
      z.array(mirrorField('URL of a mirror.')).check(z.minLength(1), z.maxLength(16)),
      'Mirrors, tried in order.',
    ),
    caFile: z.optional(
      fileField('PEM file with the CA of the mirrors, relative to the cluster file.', 'mirror-ca.pem'),
    ),
  }),
  'Mirrors of one image registry.',
);

const gitops = described(
  z.strictObject({
    repository: repositoryField('URL of the Git repository that Flux reconciles.'),
    branch: z._default(branchField('Branch.'), 'main'),
    path: repositoryPathField('Folder of the cluster in the repository.'),
  }),
  'The Git repository that describes what runs in the cluster.',
);

const assets = z.prefault(
  described(
    z.strictObject({
      lock: z._default(
        fileField('The asset lock, relative to the cluster file.', 'assets.lock.yaml'),
        'assets.lock.yaml',
      ),
    }),
    'Downloads of machines whose operating system does not bring every program.',
  ),
  {},
);

/** The whole cluster file. The compiler holds it against {@link ClusterSpec}. */
export const clusterSchema: z.ZodMiniType<ClusterSpec, unknown> = described(
  z.strictObject({
    apiVersion: described(z.literal('keelway.dev/v1alpha1'), 'Version of this format.'),
    kind: described(z.literal('Cluster'), 'What the file describes.'),
    metadata: described(z.strictObject({ name: dnsLabelField('Name of the cluster.', 'ha') }), 'Names the cluster.'),
    spec: described(
      z.strictObject({
        versions,
        network,
        controlPlane: controlPlaneSchema,
        etcd: etcdSchema,
        pki,
        access,
        registries: z._default(described(z.array(registry).check(z.maxLength(64)), 'Mirrors of image registries.'), []),
        gitops: z.optional(gitops),
        assets,
        machineDefaults: machineDefaultsSchema,
        machines: described(
          z.array(machineSchema).check(z.minLength(1), z.maxLength(10_000)),
          'The machines of the rack.',
        ),
      }),
      'The cluster.',
    ),
  }),
  'A bare-metal Kubernetes cluster, as Keelway builds it.',
);
