import type { MachineContext, MachinePart } from '../plan/machine-plan.ts';
import { rootDirectory } from './control-plane-files.ts';
import { plainFile } from './product-unit.ts';

/** Read before the distribution's own drop-ins: sshd keeps the first value of each keyword. */
const SSHD_DROP_IN = '/etc/ssh/sshd_config.d/10-keelway.conf';

/**
 * The administrator's account, with SSH keys, sudo and no password; on cloud-init systems, whose defaults differ, sshd
 * accepts keys only and never root. Flatcar and Fedora CoreOS come that way.
 *
 * @see https://man.openbsd.org/sshd_config
 */
export function access({ cluster, machine }: MachineContext): MachinePart {
  const { user, sshAuthorizedKeys } = cluster.access;
  return {
    users: [
      {
        name: user,
        system: false,
        homeDirectory: null,
        shell: '/bin/bash',
        groups: [],
        sshAuthorizedKeys,
        sudo: true,
      },
    ],
    ...(machine.configFormat === 'cloud-init'
      ? { directories: [rootDirectory('/etc/ssh/sshd_config.d', 0o755)], files: [plainFile(SSHD_DROP_IN, SSHD_CONFIG)] }
      : {}),
  };
}

const SSHD_CONFIG = `PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
PermitEmptyPasswords no
X11Forwarding no
`;
