import type { Issue, IssuePath } from '../../issue.ts';
import { parseEndpoint } from '../../model/endpoint.ts';
import { contains, parseCidr, parseIpv4 } from '../../model/network.ts';
import { finding } from '../issue-codes.ts';
import { type Rule, type RuleContext, rule } from './rule.ts';

const ENDPOINT: IssuePath = ['spec', 'controlPlane', 'endpoint'];

/**
 * TCP ports that are taken on a control-plane machine, or on every node, also on loopback: the API servers listen on every
 * address. A test compares them with the firewall's flows and the rendered files.
 */
const TAKEN_PORTS: Readonly<Record<number, string>> = {
  22: 'SSH',
  53: 'the resolver of the system',
  179: 'BGP',
  2112: 'kube-vip',
  2379: 'etcd',
  2380: 'etcd',
  2381: 'etcd',
  2382: 'etcd',
  5473: 'Calico Typha',
  7445: 'the node-local API balancer',
  9091: 'Calico',
  9098: 'Calico Typha',
  9099: 'Calico',
  9100: 'the node exporter',
  10248: 'the kubelet',
  10249: 'kube-proxy',
  10250: 'the kubelet',
  10256: 'kube-proxy',
  10257: 'kube-controller-manager',
  10259: 'kube-scheduler',
};

function port({ spec }: RuleContext): readonly Issue[] {
  const endpoint = parseEndpoint(spec.controlPlane.endpoint);
  if (endpoint === null) return [];
  const isNodePort = endpoint.port >= 30_000 && endpoint.port <= 32_767;
  const user = isNodePort ? 'Services of type NodePort' : TAKEN_PORTS[endpoint.port];
  if (user === undefined) return [];
  const message = `port ${endpoint.port} belongs to ${user}`;
  return [finding('ENDPOINT_PORT', ENDPOINT, message, 'use 6443; the API servers listen on the port of the endpoint')];
}

/** Without a virtual IP the endpoint is a machine or something that this file does not describe. */
function withoutVip({ spec, machines }: RuleContext): readonly Issue[] {
  const { controlPlane, network } = spec;
  const host = parseEndpoint(controlPlane.endpoint)?.host ?? '';
  if (controlPlane.vip !== undefined || parseIpv4(host) === null) return [];
  const machine = machines.find((candidate) => candidate.spec.address === host);
  const count = machines.filter((candidate) => candidate.role === 'control-plane').length;
  if (machine !== undefined && machine.role !== 'control-plane') {
    const message = `${host} is ${machine.spec.name}, which runs no API server`;
    return [finding('ENDPOINT_MACHINE', ENDPOINT, message, 'write the address of a control-plane machine')];
  }
  if (machine !== undefined && count > 1) {
    const message = `${host} is ${machine.spec.name} alone: when it fails, clients reach none of the ${count} API servers`;
    return [
      finding(
        'ENDPOINT_SINGLE_MACHINE',
        ENDPOINT,
        message,
        'add controlPlane.vip, or write the name of a load balancer',
      ),
    ];
  }
  const subnet = parseCidr(network.nodeSubnet);
  if (machine !== undefined || subnet === null || !contains(subnet, host)) return [];
  // The misspelled address may be the one.
  if (machines.some((candidate) => parseIpv4(candidate.spec.address) === null)) return [];
  const message = `no machine of this file has ${host}`;
  const hint =
    'write the address of a control-plane machine, add controlPlane.vip, or write the name of your load balancer';
  return [finding('ENDPOINT_NOT_IN_CLUSTER', ENDPOINT, message, hint)];
}

export const endpointRules: readonly Rule[] = [
  rule(['controlPlane'], port),
  rule(['controlPlane', 'network', 'machines'], withoutVip),
];
