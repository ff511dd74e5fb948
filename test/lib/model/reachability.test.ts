import { describe, expect, it } from 'vitest';
import { vipReachability } from '../../../lib/model/reachability.ts';
import { clusterOf, exampleCluster, exampleText } from '../../support/clusters.ts';

/** The reference cluster with another virtual IP section. */
function withVip(vip: string, endpoint: string = '10.0.0.100:6443'): ReturnType<typeof clusterOf> {
  const text = exampleText('ha').replace(/ {4}vip:\n(?: {6}.*\n)+/, `    vip: ${vip}\n`);
  return clusterOf(text.replace('10.0.0.100:6443', endpoint));
}

/** `from` to yes or no. */
function answers(cluster: ReturnType<typeof clusterOf>): Record<string, string> {
  return Object.fromEntries(vipReachability(cluster).map(({ from, reaches }) => [from, reaches]));
}

const BGP = '{asn: 64512, routers: [{address: 10.0.0.1, asn: 64500}]}';

/** The matrix of control-plane.md 7.2, profile by profile. */
describe('vipReachability', () => {
  it('A: profile arp reaches everybody', () => {
    expect(answers(withVip('{profile: arp}'))).toEqual({
      'control-plane machines': 'yes',
      workers: 'yes',
      '10.0.0.0/24, hosts without a route': 'yes',
      'hosts elsewhere': 'yes',
    });
  });

  it('B2: BGP inside the subnet leaves out hosts without a route', () => {
    expect(answers(withVip(`{profile: bgp-router, onLink: none, bgp: ${BGP}}`))).toEqual({
      'control-plane machines': 'yes',
      workers: 'no',
      '10.0.0.0/24, hosts without a route': 'no',
      '10.0.0.0/24, hosts that learn the route': 'yes',
      'hosts elsewhere': 'yes',
    });
  });

  it('B3: BGP outside the subnet reaches them through the gateway that learns it', () => {
    const rows = answers(withVip(`{profile: bgp-router, bgp: ${BGP}}`, '10.0.1.100:6443'));
    expect(rows['10.0.0.0/24, hosts without a route']).toBe('yes');
    const other = BGP.replace('10.0.0.1,', '10.0.0.2,');
    const unlearned = answers(withVip(`{profile: bgp-router, bgp: ${other}}`, '10.0.1.100:6443'));
    expect(unlearned['10.0.0.0/24, hosts without a route']).toBe('no');
  });

  it('C: the mesh reaches workers that are in it, and hosts of the subnet only with onLink: arp', () => {
    const mesh = BGP.replace('}]}', '}], workers: true}');
    expect(answers(withVip(`{profile: bgp-mesh, onLink: none, bgp: ${mesh}}`))).toMatchObject({
      workers: 'yes',
      '10.0.0.0/24, hosts without a route': 'no',
      'hosts elsewhere': 'yes',
    });
    expect(answers(exampleCluster('ha'))['10.0.0.0/24, hosts without a route']).toBe('yes');
  });

  it('without an upstream router nobody elsewhere reaches a mesh that answers no ARP', () => {
    const rows = answers(withVip('{profile: bgp-mesh, onLink: none, bgp: {asn: 64512}}'));
    expect(rows['hosts elsewhere']).toBe('no');
  });

  it('says how long it takes, and nothing where there is no way', () => {
    for (const { reaches, failover } of vipReachability(exampleCluster('ha')))
      expect(failover === null).toBe(reaches === 'no');
    const rows = vipReachability(
      withVip(`{profile: bgp-mesh, onLink: arp, bgp: {asn: 64512, holdTime: 30s, keepaliveInterval: 10s}}`),
    );
    expect(rows[0]?.failover).toEqual({ apiServer: 'up to 5 s', machine: '30 s' });
  });

  it('is empty without a virtual IP', () => {
    expect(vipReachability(exampleCluster('single'))).toEqual([]);
  });
});
