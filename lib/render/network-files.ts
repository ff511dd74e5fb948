import type { MachineNetwork, MachinePlan, PlannedFile } from '../plan/machine-plan.ts';
import { unitFile } from './systemd.ts';

/**
 * The network settings of a machine as files of the program that reads them there: NetworkManager on Fedora CoreOS,
 * systemd-networkd on Flatcar. None for the machines that get them through cloud-init's network-config.
 */
export function networkFiles(plan: MachinePlan): PlannedFile[] {
  switch (plan.machine.os) {
    case 'fedora-coreos':
      return [networkManagerProfile(plan.network)];
    case 'flatcar':
      return [networkdFile(plan.network)];
    case 'debian':
    case 'ubuntu':
      return [];
  }
}

/**
 * NetworkManager ignores a profile that others may read.
 *
 * @see https://networkmanager.dev/docs/api/latest/nm-settings-keyfile.html
 */
function networkManagerProfile(network: MachineNetwork): PlannedFile {
  const contents = unitFile({
    connection: [
      ['id', 'keelway'],
      ['type', 'ethernet'],
      ...optional('interface-name', network.interfaceName),
      ['autoconnect-priority', 100],
    ],
    ethernet: [...optional('mac-address', network.macAddress), ...optional('mtu', network.mtu)],
    ipv4: [
      ['method', 'manual'],
      ['address1', `${network.address}/${network.prefixLength}`],
      ...optional('gateway', network.gateway),
      ...list('dns', network.nameservers),
      ...list('dns-search', network.searchDomains),
    ],
    ipv6: [['method', 'link-local']],
  });
  return file('/etc/NetworkManager/system-connections/keelway.nmconnection', contents, 0o600);
}

/** @see https://www.freedesktop.org/software/systemd/man/latest/systemd.network.html */
function networkdFile(network: MachineNetwork): PlannedFile {
  const contents = unitFile({
    Match: [...optional('MACAddress', network.macAddress), ...optional('Name', network.interfaceName)],
    Link: optional('MTUBytes', network.mtu),
    Network: [
      ['Address', `${network.address}/${network.prefixLength}`],
      ...network.nameservers.map((address) => ['DNS', address] as const),
      ...(network.searchDomains.length === 0 ? [] : [['Domains', network.searchDomains.join(' ')] as const]),
      ['DHCP', 'no'],
      ['IPv6AcceptRA', 'no'],
    ],
    Route:
      network.gateway === null
        ? []
        : [
            ['Destination', '0.0.0.0/0'],
            ['Gateway', network.gateway],
          ],
  });
  return file('/etc/systemd/network/10-keelway.network', contents, 0o644);
}

function optional(key: string, value: string | number | null): [string, string | number][] {
  return value === null ? [] : [[key, value]];
}

/** A keyfile's list ends every member with a semicolon. */
function list(key: string, values: readonly string[]): [string, string][] {
  return values.length === 0 ? [] : [[key, values.map((value) => `${value};`).join('')]];
}

function file(path: string, contents: string, mode: number): PlannedFile {
  return { path, contents, mode, owner: 'root', group: 'root', secret: false };
}
