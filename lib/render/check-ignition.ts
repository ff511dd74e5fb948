import { checkTree, isAccountName, isUnitName, type TreeNode } from './check-tree.ts';
import type { IgnitionAccount, IgnitionConfig, IgnitionUnit } from './ignition-config.ts';

const UNITS = '/etc/systemd/system';
/** Unknown accounts end Ignition; these are in every Linux. */
const ALWAYS_THERE = ['root'];

/**
 * Checks a rendered Ignition configuration against the rules of Ignition itself, as far as what Keelway writes can break
 * them.
 *
 * @returns Problems in words; empty when Ignition accepts the configuration.
 * @see https://github.com/coreos/ignition/blob/main/config/shared/errors/errors.go
 */
export function checkIgnition(config: IgnitionConfig): string[] {
  const { directories, files, links } = config.storage;
  const { units } = config.systemd;
  const nodes: TreeNode[] = [
    ...directories.map(({ path, mode }): TreeNode => ({ path, mode, type: 'directory' })),
    ...files.map(({ path, mode }): TreeNode => ({ path, mode, type: 'file' })),
    ...links.map(({ path }): TreeNode => ({ path, type: 'link' })),
    ...units.flatMap(unitNodes),
  ];
  const users = config.passwd?.users.map((user) => user.name) ?? [];
  const accounts = new Set([...ALWAYS_THERE, ...users]);
  const unknown = [...directories, ...files]
    .flatMap(({ path, user, group }) => [user, group].map((account) => ({ path, name: nameOf(account) })))
    .filter(({ name }) => name !== undefined && !accounts.has(name));
  return [
    ...checkTree(nodes),
    ...unknown.map(
      ({ path, name }) => `${path} belongs to ${name}, which no user of the configuration has as its name`,
    ),
    ...users.filter((name) => !isAccountName(name)).map((name) => `${name} is not a name an account can have`),
    ...units.flatMap(checkUnit),
    ...files
      .filter(({ contents }) => !isFetchable(contents))
      .map(({ path }) => `${path} has contents nobody can fetch`),
    ...links.filter(({ target }) => target === '').map(({ path }) => `${path} is a link to nothing`),
  ];
}

/** Undefined for root. */
function nameOf(account: IgnitionAccount | undefined): string | undefined {
  return account === undefined || 'id' in account ? undefined : account.name;
}

function unitNodes(unit: IgnitionUnit): TreeNode[] {
  return [
    ...(unit.contents === undefined && unit.mask !== true
      ? []
      : [{ path: `${UNITS}/${unit.name}`, mode: 0o644, type: 'file' } as const]),
    ...(unit.dropins ?? []).map(({ name }): TreeNode => {
      return { path: `${UNITS}/${unit.name}.d/${name}`, mode: 0o644, type: 'file' };
    }),
  ];
}

function checkUnit(unit: IgnitionUnit): string[] {
  const problems: string[] = [];
  if (!isUnitName(unit.name)) problems.push(`${unit.name} is not the name of a unit`);
  for (const { name } of unit.dropins ?? []) {
    if (!/^[^/]+\.conf$/.test(name)) problems.push(`the drop-in ${name} of ${unit.name} does not end in .conf`);
  }
  if (unit.enabled === true && unit.contents !== undefined && !unit.contents.includes('[Install]')) {
    problems.push(`${unit.name} is enabled but has no [Install] section`);
  }
  if (unit.mask === true && unit.enabled === true) problems.push(`${unit.name} is masked and enabled`);
  return problems;
}

function isFetchable({ source, verification }: IgnitionConfig['storage']['files'][number]['contents']): boolean {
  if (source.startsWith('data:')) return true;
  return /^https?:\/\/[^\s/]+\/\S*$/.test(source) && /^sha256-[0-9a-f]{64}$/.test(verification?.hash ?? '');
}
