import type { Issue } from '../issue.ts';
import type { BgpSettings, Cluster, ControlPlane, Etcd, PkiSettings, Vip } from '../model/cluster.ts';
import { parseEndpoint } from '../model/endpoint.ts';
import type { Machine } from '../model/machine.ts';
import { contains, nthAddress, requireCidr } from '../model/network.ts';
import { parseDurationMs, parseSizeBytes } from '../model/quantities.ts';
import { type BgpSpec, type ClusterBody, type ClusterSpec, configFormats, diskSelector } from './cluster-spec.ts';
import { type EffectiveMachine, effectiveMachines, topologyOf } from './effective-machines.ts';
import { checkRules } from './rules.ts';

export interface ResolvedCluster {
  /** Only fit for planning when no issue is an error. */
  readonly cluster: Cluster;
  /** Without positions; `locateIssues` adds them. */
  readonly issues: readonly Issue[];
}

const BACKDATE_SECONDS = 3600;

/**
 * Derives the model from a parsed spec and runs every rule over it; reads nothing from outside.
 *
 * @param spec - As `parseClusterSpec` returns it; texts that it has not checked throw RangeError.
 */
export function resolveCluster(spec: ClusterSpec): ResolvedCluster {
  const body = spec.spec;
  const cluster: Cluster = {
    name: spec.metadata.name,
    versions: body.versions,
    network: resolveNetwork(body),
    controlPlane: resolveControlPlane(body),
    etcd: resolveEtcd(body),
    pki: resolvePki(body),
    access: body.access,
    registries: body.registries.map((mirror) => ({ ...mirror, caFile: mirror.caFile ?? null })),
    gitops: body.gitops ?? null,
    machines: effectiveMachines(body).map(resolveMachine),
  };
  return { cluster, issues: checkRules(spec) };
}

function resolveNetwork(body: ClusterBody): Cluster['network'] {
  const { podCIDR, serviceCIDR, gateway, mtu, ...rest } = body.network;
  const service = requireCidr(serviceCIDR);
  const last = service.last - service.first;
  return {
    ...rest,
    podCidr: podCIDR,
    serviceCidr: serviceCIDR,
    gateway: gateway ?? null,
    mtu: mtu ?? null,
    // A service CIDR without a tenth address is an error of its own; the model stays well formed.
    kubernetesServiceAddress: nthAddress(service, Math.min(1, last)),
    dnsServiceAddress: nthAddress(service, Math.min(10, last)),
  };
}

function resolveControlPlane(body: ClusterBody): ControlPlane {
  const { endpoint: text, certSANs, schedulable } = body.controlPlane;
  const endpoint = parseEndpoint(text);
  if (endpoint === null) throw new RangeError(`not host:port: ${JSON.stringify(text)}`);
  return { endpoint, port: endpoint.port, certSANs, schedulable, vip: resolveVip(body, endpoint.host) };
}

function resolveVip(body: ClusterBody, endpointHost: string): Vip | null {
  const { vip } = body.controlPlane;
  if (vip === undefined) return null;
  const address = vip.address ?? endpointHost;
  const { profile } = vip;
  return {
    address,
    profile,
    onLink: profile === 'arp' ? 'arp' : (vip.onLink ?? 'none'),
    inNodeSubnet: contains(requireCidr(body.network.nodeSubnet), address),
    bgp: profile === 'arp' || vip.bgp === undefined ? null : resolveBgp(vip.bgp),
  };
}

function resolveBgp(bgp: BgpSpec): BgpSettings {
  return {
    asn: bgp.asn,
    routers: bgp.routers.map((router) => ({ ...router, passwordFile: router.passwordFile ?? null })),
    workers: bgp.workers,
    holdTimeSeconds: seconds(bgp.holdTime),
    keepaliveSeconds: seconds(bgp.keepaliveInterval),
    passwordFile: bgp.passwordFile ?? null,
  };
}

function resolveEtcd(body: ClusterBody): Etcd {
  const { etcd } = body;
  return {
    topology: topologyOf(body),
    dataDirectory: etcd.dataDirectory,
    quotaBackendBytes: required(parseSizeBytes(etcd.quotaBackendSize), etcd.quotaBackendSize),
    // There is a cluster to join.
    initialClusterState: etcd.joining === undefined ? etcd.initialClusterState : 'existing',
    joining: etcd.joining ?? null,
    heartbeatIntervalMs: milliseconds(etcd.heartbeatInterval),
    electionTimeoutMs: milliseconds(etcd.electionTimeout),
  };
}

function resolvePki(body: ClusterBody): PkiSettings {
  const { pki } = body;
  const leafValiditySeconds = seconds(pki.leafLifetime);
  return {
    keyAlgorithm: pki.keyAlgorithm,
    caValiditySeconds: seconds(pki.caLifetime),
    leafValiditySeconds,
    renewBeforeSeconds: pki.renewBefore === undefined ? Math.floor(leafValiditySeconds / 3) : seconds(pki.renewBefore),
    backdateSeconds: BACKDATE_SECONDS,
    nodeSigner: pki.nodeSigner,
  };
}

function resolveMachine(machine: EffectiveMachine): Machine {
  const { spec, role, os, macs, runsEtcd, runsKubelet, installDisk, dataDisk, labels, taints } = machine;
  return {
    name: spec.name,
    role,
    address: spec.address,
    macs,
    uuid: spec.uuid ?? null,
    serial: spec.serial ?? null,
    interfaceName: machine.interface,
    os,
    configFormat: configFormats[os],
    runsEtcd,
    runsKubelet,
    installDisk: installDisk === null ? null : diskSelector(installDisk),
    dataDisk: dataDisk === null ? null : diskSelector(dataDisk),
    labels: Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
    taints,
  };
}

function milliseconds(text: string): number {
  return required(parseDurationMs(text), text);
}

function seconds(text: string): number {
  return Math.floor(milliseconds(text) / 1000);
}

function required(value: number | null, text: string): number {
  if (value === null) throw new RangeError(`not a quantity: ${JSON.stringify(text)}`);
  return value;
}
