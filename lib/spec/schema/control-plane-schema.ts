import * as z from 'zod/mini';
import type { ControlPlaneSpec, EtcdSpec } from '../cluster-spec.ts';
import { described } from './checked.ts';
import { dnsLabelField, durationField, ipv4Field, sizeField } from './fields.ts';
import { dataDirectoryField, endpointField, fileField, sanField } from './text-fields.ts';

const asn = (text: string) => described(z.int().check(z.minimum(1), z.maximum(4_294_967_295)), text);

const router = described(
  z.strictObject({
    address: ipv4Field('Address of the router.', '10.0.0.1'),
    asn: asn("AS number of the router; another one than the cluster's."),
    passwordFile: z.optional(
      fileField('File with the TCP MD5 password of this session, relative to the cluster file.'),
    ),
    multihop: z._default(described(z.boolean(), 'True when the router is not on the node subnet.'), false),
  }),
  'An upstream router that the cluster dials.',
);

const bgp = described(
  z.strictObject({
    asn: asn('AS number of the cluster; private ones are 64512 to 65534 and 4200000000 to 4294967294.'),
    routers: z._default(described(z.array(router).check(z.maxLength(32)), 'Upstream routers.'), []),
    workers: z._default(
      described(z.boolean(), 'bgp-mesh only: workers join the mesh and learn the virtual IP.'),
      false,
    ),
    holdTime: z._default(durationField('Hold time of the sessions, at least three keepalive intervals.', '9s'), '9s'),
    keepaliveInterval: z._default(durationField('Keepalive interval of the sessions.', '3s'), '3s'),
    passwordFile: z.optional(
      fileField('bgp-mesh only: file with the TCP MD5 password of the mesh sessions, relative to the cluster file.'),
    ),
  }),
  'BGP settings of profiles bgp-router and bgp-mesh.',
);

const vip = described(
  z.strictObject({
    profile: described(
      z.enum(['arp', 'bgp-router', 'bgp-mesh']),
      'arp: one elected machine answers ARP. bgp-router: kube-vip dials upstream routers. bgp-mesh: BIRD beside kube-vip, full mesh.',
    ),
    address: z.optional(ipv4Field('Virtual IP; by default the host of the endpoint.', '10.0.0.100')),
    onLink: z.optional(
      described(
        z.enum(['none', 'arp']),
        'Who answers ARP for the virtual IP. none: nobody, hosts need a route. arp: healthy control-plane machines. Default: none; arp in profile arp.',
      ),
    ),
    bgp: z.optional(bgp),
  }),
  'The virtual IP of the API servers, kept by kube-vip. Without it the endpoint is one machine or a load balancer of yours.',
);

export const controlPlaneSchema: z.ZodMiniType<ControlPlaneSpec, unknown> = described(
  z.strictObject({
    endpoint: endpointField('What clients use: host:port, for instance the virtual IP with port 6443.'),
    certSANs: z._default(
      described(
        z.array(sanField('DNS name or address.')).check(z.maxLength(64)),
        'Further names and addresses of the API server certificate.',
      ),
      [],
    ),
    schedulable: z._default(described(z.boolean(), 'True: ordinary pods may run on control-plane machines.'), false),
    vip: z.optional(vip),
  }),
  'The API servers and how clients reach them.',
);

export const etcdSchema: z.ZodMiniType<EtcdSpec, unknown> = z.prefault(
  described(
    z.strictObject({
      topology: z.optional(
        described(
          z.enum(['external', 'stacked']),
          'external: machines with role etcd. stacked: the control-plane machines. Default: external when there is a machine with role etcd.',
        ),
      ),
      dataDirectory: z._default(
        dataDirectoryField('Data directory, where the data disk of each member is mounted.'),
        '/var/lib/etcd',
      ),
      quotaBackendSize: z._default(sizeField('Largest size of the database; beyond it etcd turns read-only.'), '8GiB'),
      initialClusterState: z._default(
        described(
          z.enum(['new', 'existing']),
          'new: the cluster has not formed yet. existing: members may only join, never form one.',
        ),
        'new',
      ),
      joining: z.optional(
        dnsLabelField(
          'Name of the machine whose member is being added to the running cluster, until it has been promoted: members may only join, and API servers do not use it yet.',
          'etcd-3',
        ),
      ),
      acceptNoFaultTolerance: z._default(
        described(z.boolean(), 'Accepts two members, of which neither may fail. Keelway warns every time.'),
        false,
      ),
      heartbeatInterval: z._default(durationField("Interval of the leader's heartbeats.", '100ms'), '100ms'),
      electionTimeout: z._default(
        durationField('How long a follower waits before it stands for election.', '1s'),
        '1s',
      ),
    }),
    'The etcd cluster.',
  ),
  {},
);
