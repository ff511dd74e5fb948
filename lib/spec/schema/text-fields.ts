import { isDnsName } from '../../model/addresses.ts';
import { parseEndpoint } from '../../model/endpoint.ts';
import { parseIpv4 } from '../../model/network.ts';
import { isCleanAbsolutePath, isCleanRelativePath } from '../../model/paths.ts';
import { showValue } from '../show-value.ts';
import { type CheckedField, checkedString } from './checked.ts';
import { sshKeyProblem } from './ssh-key.ts';
import { mirrorProblem, registryProblem, repositoryProblem } from './url.ts';

export const endpointField: CheckedField = checkedString({
  pattern: /^[a-z0-9][a-z0-9.-]*:\d{1,5}$/,
  examples: ['10.0.0.100:6443'],
  problemOf: (text) => {
    if (parseEndpoint(text) !== null) return null;
    const bare = text
      .replace(/^https?:\/\//, '')
      .replace(/\/$/, '')
      .toLowerCase();
    const withPort = bare.includes(':') ? bare : `${bare}:6443`;
    const hint =
      parseEndpoint(withPort) === null ? 'write host:port, for instance 10.0.0.100:6443' : `write ${withPort}`;
    return { code: 'SPEC_ENDPOINT_INVALID', message: `${showValue(text)} is not host:port`, hint };
  },
});

/** A DNS name, a wildcard or an IPv4 address. */
export const sanField: CheckedField = checkedString({
  pattern: /^(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
  examples: ['api.example.com'],
  problemOf: (text) => {
    if (parseIpv4(text) !== null || isDnsName(text.replace(/^\*\./, ''))) return null;
    const hint = 'write a DNS name in lower case or an IPv4 address, without scheme and port';
    return { code: 'SPEC_NAME_INVALID', message: `${showValue(text)} cannot stand in a certificate`, hint };
  },
});

/** A file beside the cluster file. */
export const fileField: CheckedField = checkedString({
  pattern: /^[^/~\\][^\\]*$/,
  examples: ['secrets/bgp-password.txt'],
  problemOf: (text) => {
    if (isCleanRelativePath(text, true)) return null;
    const hint = 'write a path relative to the cluster file, without ./ and doubled slashes';
    return { code: 'SPEC_PATH_INVALID', message: `${showValue(text)} is no relative path`, hint };
  },
});

/** A folder of a Git repository. */
export const repositoryPathField: CheckedField = checkedString({
  pattern: /^[^/~\\.][^\\]*$/,
  examples: ['clusters/ha'],
  problemOf: (text) => {
    if (isCleanRelativePath(text, false)) return null;
    const clean = text.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
    const hint = isCleanRelativePath(clean, false)
      ? `write ${clean}`
      : 'write a folder below the root of the repository';
    return { code: 'SPEC_PATH_INVALID', message: `${showValue(text)} is no clean relative path`, hint };
  },
});

export const dataDirectoryField: CheckedField = checkedString({
  pattern: /^\/[A-Za-z0-9_./@+:=-]+$/,
  examples: ['/var/lib/etcd'],
  problemOf: (text) => {
    // Network paths get their own finding, from rules/etcd.ts.
    if (isCleanAbsolutePath(text) || /^[a-z+]*:?\/\/|^[\w.-]+:\//.test(text)) return null;
    const hint = 'write an absolute path without ., .., spaces and a slash at the end';
    return { code: 'ETCD_DATA_DIRECTORY', message: `${showValue(text)} is no clean absolute path`, hint };
  },
});

export const uuidField: CheckedField = checkedString({
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  examples: ['4c4c4544-0042-3510-8052-b4c04f4d3032'],
  problemOf: (text) => {
    const code = 'SPEC_UUID_INVALID';
    const lower = text.toLowerCase();
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower)) {
      return {
        code,
        message: `${showValue(text)} is not a UUID`,
        hint: 'write the output of `cat /sys/class/dmi/id/product_uuid`',
      };
    }
    if (lower !== text) return { code, message: `${text} is not in lower case`, hint: `write ${lower}` };
    if (/^(?:0{8}-|f{8}-|03000200-0400-0500-0006-000700080009)/.test(text)) {
      return {
        code,
        message: `${text} is a placeholder that many machines share`,
        hint: 'name the machine by its MAC address',
      };
    }
    return null;
  },
});

const PLACEHOLDER_SERIAL =
  /^(?:to be filled by o\.?e\.?m\.?|default string|none|n\/a|not (?:specified|applicable|available)|(?:system|chassis) serial number|0*|0?123456789|unknown|empty)$/i;

/** Serial number of a machine (SMBIOS) or of a disk. */
export const serialField: CheckedField = checkedString({
  pattern: /^[!-~]([ -~]*[!-~])?$/,
  examples: ['7XK2P93'],
  problemOf: (text) => {
    const code = 'SPEC_SERIAL_INVALID';
    if (PLACEHOLDER_SERIAL.test(text)) {
      const hint = 'use another selector: a MAC address or UUID for machines, wwn or path for disks';
      return { code, message: `${showValue(text)} is a placeholder of the firmware`, hint };
    }
    if (/^[!-~](?:[ -~]{0,62}[!-~])?$/.test(text)) return null;
    return {
      code,
      message: `${showValue(text)} is no serial number`,
      hint: 'write at most 64 printable ASCII characters',
    };
  },
});

export const wwnField: CheckedField = checkedString({
  pattern: /^(0x[0-9a-f]{16,32}|eui\.[0-9a-f]{16,32}|naa\.[0-9a-f]{16,32}|nvme\.[0-9a-f-]+)$/,
  examples: ['0x5002538d40a9b2f1', 'eui.0025385b71b0a2c3'],
  problemOf: (text) => {
    if (/^(?:0x[0-9a-f]{16}(?:[0-9a-f]{16})?|(?:eui|naa)\.[0-9a-f]{16,32}|nvme\.[0-9a-f-]{4,200})$/.test(text))
      return null;
    const hint = 'write the WWN column of `lsblk -o NAME,WWN`, in lower case';
    return { code: 'SPEC_DISK_INVALID', message: `${showValue(text)} is no world wide name`, hint };
  },
});

export const diskPathField: CheckedField = checkedString({
  pattern: /^\/dev\/disk\/by-(id|path)\/[^/\s]+$/,
  examples: ['/dev/disk/by-path/pci-0000:01:00.0-nvme-1'],
  problemOf: (text) => {
    const code = 'SPEC_DISK_INVALID';
    if (/^\/dev\/disk\/by-(?:id|path)\/[\w.:@+=-]{1,200}$/.test(text)) {
      if (!/-part\d+$/.test(text)) return null;
      return { code, message: `${text} is a partition`, hint: 'write the whole disk; Keelway formats it' };
    }
    // A network share is told apart by rules/etcd.ts.
    if (/^[a-z+]*:?\/\/|^[\w.-]+:\//.test(text)) return null;
    const kernelName = /^\/dev\/[a-z0-9]+$/.test(text);
    const message = kernelName
      ? `${text} is given out anew at every boot`
      : `${showValue(text)} is no stable disk name`;
    return {
      code,
      message,
      hint: 'write {serial: ...}, {wwn: ...} or {path: /dev/disk/by-id/...}; `lsblk -o NAME,SERIAL,WWN` prints them',
    };
  },
});

export const interfaceField: CheckedField = checkedString({
  pattern: /^[^\s/:]{1,15}$/,
  examples: ['eno1'],
  problemOf: (text) => {
    if (/^[A-Za-z0-9][\w.-]{0,14}$/.test(text)) return null;
    const hint = 'write at most 15 characters, as `ip link` prints the name';
    return { code: 'SPEC_INTERFACE_INVALID', message: `${showValue(text)} is no interface name`, hint };
  },
});

const SYSTEM_USERS = ['root', 'etcd', 'nobody', 'daemon', 'bin', 'sys', 'systemd-network', 'sshd', 'haproxy', 'bird'];

export const userField: CheckedField = checkedString({
  pattern: /^[a-z_][a-z0-9_-]{0,31}$/,
  examples: ['core'],
  problemOf: (text) => {
    const code = 'SPEC_USER_INVALID';
    if (SYSTEM_USERS.includes(text)) {
      return {
        code,
        message: `${text} is an account of the system`,
        hint: 'write another name, or leave the default, core',
      };
    }
    if (/^[a-z_][a-z0-9_-]{0,31}$/.test(text)) return null;
    return {
      code,
      message: `${showValue(text)} is no account name`,
      hint: 'write at most 32 lower-case letters, digits, - and _',
    };
  },
});

export const branchField: CheckedField = checkedString({
  pattern: /^[^\s~^:?*[\\]+$/,
  examples: ['main'],
  problemOf: (text) => {
    // The rules of git-check-ref-format(1).
    const bad = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.lock(?:\/|$)|(?:^|\/)\.|[./]$|^[/-]|^@$|^$/.test(text);
    if (!bad && text.length <= 200) return null;
    return {
      code: 'SPEC_BRANCH_INVALID',
      message: `${showValue(text)} is no branch name`,
      hint: 'write it as `git branch` prints it',
    };
  },
});

export const sshKeyField: CheckedField = checkedString({
  pattern: /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?$/,
  examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF0Nqp2fB6CAj6SGvq9dD2TVtT8dJ4lYdLkGyaGu6O7b ops@example.com'],
  problemOf: sshKeyProblem,
});

export const repositoryField: CheckedField = checkedString({
  pattern: /^(ssh|https?):\/\/\S+$/,
  examples: ['ssh://git@github.com/example/fleet.git'],
  problemOf: repositoryProblem,
});

export const mirrorField: CheckedField = checkedString({
  pattern: /^https?:\/\/\S+$/,
  examples: ['https://mirror.example.com'],
  problemOf: mirrorProblem,
});

export const registryField: CheckedField = checkedString({
  pattern: /^(_default|[a-z0-9.-]+(:\d{1,5})?)$/,
  examples: ['registry.k8s.io'],
  problemOf: registryProblem,
});
