import { checkTree, isAccountName, type TreeNode } from './check-tree.ts';
import type { CloudConfig } from './cloud-init.ts';

/**
 * Checks rendered user-data against what cloud-init would only warn about, on the machine, when it is too late.
 *
 * @returns Problems in words; empty when cloud-init applies everything.
 * @see https://docs.cloud-init.io/en/latest/reference/modules.html
 */
export function checkCloudConfig(config: CloudConfig, directories: readonly TreeNode[]): string[] {
  const files = config.write_files;
  const nodes = files.map(({ path, permissions }): TreeNode => {
    return { path, mode: Number.parseInt(permissions, 8), type: 'file' };
  });
  return [
    ...checkTree([...directories, ...nodes]),
    ...(isHostname(config.hostname) ? [] : [`${config.hostname} is not a host name`]),
    ...config.users
      .filter(({ name }) => !isAccountName(name))
      .map(({ name }) => `${name} is not a name an account can have`),
    // PyYAML takes nothing else, and the file would be another one.
    ...files.filter(({ content }) => !content.isWellFormed()).map(({ path }) => `${path} is not Unicode text`),
  ];
}

function isHostname(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
}
