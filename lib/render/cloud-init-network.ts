import type { MachineNetwork } from '../plan/machine-plan.ts';
import type { YamlValue } from './yaml.ts';

/**
 * Network configuration, version 2 (netplan's), of the interface with the node address.
 *
 * The interface is found by its MAC address and keeps the kernel's name. The default route is written as 0.0.0.0/0:
 * cloud-init's networkd renderer stops at `default`.
 *
 * @see https://docs.cloud-init.io/en/latest/reference/network-config-format-v2.html
 */
export function networkConfig(network: MachineNetwork): { readonly [key: string]: YamlValue } {
  const nameservers = {
    ...(network.nameservers.length === 0 ? {} : { addresses: network.nameservers }),
    ...(network.searchDomains.length === 0 ? {} : { search: network.searchDomains }),
  };
  return {
    version: 2,
    ethernets: {
      [network.interfaceName ?? 'node']: {
        ...(network.macAddress === null ? {} : { match: { macaddress: network.macAddress.toLowerCase() } }),
        dhcp4: false,
        dhcp6: false,
        'accept-ra': false,
        addresses: [`${network.address}/${network.prefixLength}`],
        ...(network.gateway === null ? {} : { routes: [{ to: '0.0.0.0/0', via: network.gateway }] }),
        ...(Object.keys(nameservers).length === 0 ? {} : { nameservers }),
        ...(network.mtu === null ? {} : { mtu: network.mtu }),
      },
    },
  };
}
