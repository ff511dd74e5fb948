import type { MachinePlan, PlannedFile } from '../plan/machine-plan.ts';

/** `/etc/hostname`, as systemd reads it. */
export function hostnameFile(plan: MachinePlan): PlannedFile {
  return {
    path: '/etc/hostname',
    contents: `${plan.hostname}\n`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    secret: false,
  };
}

/**
 * The accounts that may become root without a password: they have none, they log in by SSH key. No file when there is
 * no such account.
 */
export function sudoersFile(plan: MachinePlan): PlannedFile[] {
  const lines = plan.users.filter((user) => user.sudo).map((user) => `${user.name} ALL=(ALL:ALL) NOPASSWD: ALL\n`);
  if (lines.length === 0) return [];
  return [
    {
      path: '/etc/sudoers.d/90-keelway',
      contents: lines.join(''),
      mode: 0o440,
      owner: 'root',
      group: 'root',
      secret: false,
    },
  ];
}
