import { describe, expect, it } from 'vitest';
import { formatNodeSigner } from '../../../lib/format/format-node-signer.ts';
import { formatQuorum } from '../../../lib/format/format-quorum.ts';
import { formatReachability } from '../../../lib/format/format-reachability.ts';
import { formatTable } from '../../../lib/format/format-table.ts';
import { exampleCluster } from '../../support/clusters.ts';

describe('what keelway validate prints', () => {
  it('marks the size of the cluster in the quorum table', () => {
    expect(formatQuorum(exampleCluster('ha'))).toBe(
      [
        'etcd (external): etcd-1, etcd-2; losing either one stops all writes until it is back',
        '     members  must live  may fail',
        '     1        1          0',
        '  >  2        2          0',
        '     3        2          1',
        '     4        3          1',
        '     5        3          2',
        '',
      ].join('\n'),
    );
  });

  it('counts a member that is joining to no quorum', () => {
    const cluster = exampleCluster('ha-3etcd');
    const joining = { ...cluster, etcd: { ...cluster.etcd, joining: 'etcd-3' } };
    expect(formatQuorum(joining)).toMatch(
      /^etcd \(external\): etcd-1, etcd-2; losing either one stops .*; etcd-3 joins and does not vote\n/,
    );
    expect(formatQuorum(joining)).toContain('  >  2        2          0\n');
  });

  it('says where a CA key lies', () => {
    const cluster = exampleCluster('ha');
    expect(formatNodeSigner(cluster)).toMatch(/^CA keys: the node-signer's on cp-1, cp-2, cp-3, /);
    expect(formatNodeSigner({ ...cluster, pki: { ...cluster.pki, nodeSigner: 'offline' } })).toMatch(/^CA keys: none /);
  });

  it('shows who reaches the virtual IP', () => {
    expect(formatReachability(exampleCluster('ha'))).toBe(
      [
        'who reaches the virtual IP 10.0.0.100 (bgp-mesh, onLink: arp)',
        '  from                                     reaches  API server sick  machine lost  how',
        '  control-plane machines                   yes      up to 5 s        9 s           their own API server, while sick another by the mesh',
        '  workers                                  yes      up to 5 s        9 s           by the mesh, all healthy machines',
        '  10.0.0.0/24, hosts without a route       yes      up to 7 s        up to 10 s    by ARP, one healthy machine',
        '  10.0.0.0/24, hosts that learn the route  yes      up to 5 s        9 s           by BGP from the machines or a router',
        '  hosts elsewhere                          yes      up to 5 s        9 s           through 10.0.0.1, all healthy machines',
        '  no kubelet depends on it: workers use the balancer on 127.0.0.1:7445, the control plane itself',
        '',
      ].join('\n'),
    );
    expect(formatReachability(exampleCluster('single'))).toBe('no virtual IP: clients use 10.0.0.11:6443\n');
  });

  it('aligns columns', () => {
    expect(formatTable(['a', 'bb'], [['ccc', 'd']])).toBe('  a    bb\n  ccc  d\n');
  });
});
