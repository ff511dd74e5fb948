import { canonicalMac, isDnsLabel, isDnsName, isUnicastMac } from '../../model/addresses.ts';
import { parseCidr, parseInterfaceAddress, parseIpv4 } from '../../model/network.ts';
import { parseDurationMs, parseSizeBytes } from '../../model/quantities.ts';
import { parseVersion } from '../../model/versions.ts';
import { showValue } from '../show-value.ts';
import { type CheckedField, checkedString } from './checked.ts';

export const ipv4Field: CheckedField = checkedString({
  pattern: /^\d{1,3}(\.\d{1,3}){3}$/,
  examples: ['10.0.0.11'],
  problemOf: (text) => {
    if (parseIpv4(text) !== null) return null;
    const code = 'SPEC_ADDRESS_INVALID';
    const message = `${showValue(text)} is not an IPv4 address`;
    if (text.includes(':') && /^[0-9a-f:.]+$/i.test(text)) {
      return { code, message, hint: 'write IPv4; IPv6 is not supported' };
    }
    if (parseInterfaceAddress(text) !== null)
      return { code, message, hint: `write ${text.split('/')[0]} without the prefix` };
    if (/^\d{1,9}(\.\d{1,9}){3}$/.test(text)) {
      const plain = text.split('.').map(Number).join('.');
      return { code, message, hint: parseIpv4(plain) === null ? 'write four numbers from 0 to 255' : `write ${plain}` };
    }
    return { code, message, hint: 'write four numbers from 0 to 255 with dots' };
  },
});

export const cidrField: CheckedField = checkedString({
  pattern: /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/,
  examples: ['10.0.0.0/24'],
  problemOf: (text) => {
    if (parseCidr(text) !== null) return null;
    const code = 'SPEC_CIDR_INVALID';
    const network = parseInterfaceAddress(text);
    if (network !== null) {
      return { code, message: `${text} has host bits that are not zero`, hint: `write ${network.text}` };
    }
    const message = `${showValue(text)} is not an IPv4 network`;
    return { code, message, hint: 'write address/prefix length, for instance 10.0.0.0/24' };
  },
});

export const macField: CheckedField = checkedString({
  pattern: /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/,
  examples: ['52:54:00:0a:00:0b'],
  problemOf: (text) => {
    const code = 'SPEC_MAC_INVALID';
    const mac = canonicalMac(text);
    if (mac === null) {
      const hint = 'write six pairs of hexadecimal digits with colons, for instance 52:54:00:0a:00:0b';
      return { code, message: `${showValue(text)} is not a MAC address`, hint };
    }
    if (mac !== text)
      return { code, message: `${text} is not how a MAC address is written here`, hint: `write ${mac}` };
    if (isUnicastMac(mac)) return null;
    return { code, message: `${mac} is no address of a network card`, hint: 'write the address printed by `ip link`' };
  },
});

export const versionField: CheckedField = checkedString({
  pattern: /^\d+\.\d+\.\d+$/,
  examples: ['1.36.4'],
  problemOf: (text) => {
    if (parseVersion(text) !== null) return null;
    const bare = text.replace(/^v/, '');
    const hint = parseVersion(bare) !== null ? `write ${bare}` : 'write three numbers, for instance 1.36.4';
    return { code: 'SPEC_VERSION_INVALID', message: `${showValue(text)} is not an exact version`, hint };
  },
});

const UNITS: Readonly<Record<string, string>> = {
  sec: 's',
  min: 'm',
  hour: 'h',
  hours: 'h',
  minutes: 'm',
  seconds: 's',
};

export const durationField: CheckedField = checkedString({
  pattern: /^[1-9]\d*(ms|s|m|h)$/,
  examples: ['10s', '8760h'],
  problemOf: (text) => {
    if (parseDurationMs(text) !== null) return null;
    const match = /^0*(\d{1,9})\s*([a-z]*)$/i.exec(text);
    const amount = Number(match?.[1] ?? 0);
    const unit = match?.[2] ?? '';
    let hint = 'write a whole number with ms, s, m or h, for instance 10s';
    const hours: Readonly<Record<string, number>> = { d: 24, w: 168, y: 8760 };
    if (amount > 0 && hours[unit[0] ?? ''] !== undefined) hint = `write ${amount * (hours[unit[0] ?? ''] ?? 0)}h`;
    else if (amount > 0 && UNITS[unit.toLowerCase()] !== undefined)
      hint = `write ${amount}${UNITS[unit.toLowerCase()]}`;
    return { code: 'SPEC_DURATION_INVALID', message: `${showValue(text)} is not a duration`, hint };
  },
});

export const sizeField: CheckedField = checkedString({
  pattern: /^[1-9]\d*(KiB|MiB|GiB|TiB)$/,
  examples: ['8GiB'],
  problemOf: (text) => {
    if (parseSizeBytes(text) !== null) return null;
    const match = /^([1-9]\d{0,8})\s*([kmgt])(?:i?b?)$/i.exec(text);
    const unit = match?.[2]?.toUpperCase();
    const hint =
      match !== null && unit !== undefined
        ? `write ${match[1]}${unit}iB`
        : 'write a whole number with KiB, MiB, GiB or TiB, for instance 8GiB';
    return { code: 'SPEC_SIZE_INVALID', message: `${showValue(text)} is not a size`, hint };
  },
});

export const dnsLabelField: CheckedField = checkedString({
  pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  examples: ['worker-1'],
  problemOf: (text) => {
    if (isDnsLabel(text)) return null;
    const lower = text.toLowerCase().replaceAll(/[_.\s]/g, '-');
    let hint = 'write at most 63 lower-case letters, digits and hyphens, with a letter or digit at both ends';
    if (lower !== text && isDnsLabel(lower)) hint = `write ${lower}`;
    return { code: 'SPEC_NAME_INVALID', message: `${showValue(text)} is not a DNS label`, hint };
  },
});

export const dnsNameField: CheckedField = checkedString({
  pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
  examples: ['cluster.local'],
  problemOf: (text) => {
    if (isDnsName(text)) return null;
    const lower = text.toLowerCase().replace(/\.$/, '');
    const hint = isDnsName(lower) ? `write ${lower}` : 'write lower-case labels with dots, for instance cluster.local';
    return { code: 'SPEC_NAME_INVALID', message: `${showValue(text)} is not a DNS name`, hint };
  },
});

/** A DNS name or an IPv4 address. */
export const hostField: CheckedField = checkedString({
  pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
  examples: ['10.0.0.1', 'ntp.example.com'],
  problemOf: (text) => {
    if (parseIpv4(text) !== null || isDnsName(text)) return null;
    const hint = 'write an IPv4 address or a DNS name in lower case, without scheme and port';
    return { code: 'SPEC_NAME_INVALID', message: `${showValue(text)} is no host`, hint };
  },
});
