import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MachinePlan } from '../../lib/plan/machine-plan.ts';
import { unitFiles } from '../../lib/render/unit-files.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Puts everything that was planned for a machine into its place on a machine of the sandbox: users, folders, files with
 * owner and mode, links, unit files.
 */
export async function installPlan(
  sandbox: Sandbox,
  plan: MachinePlan,
  machine: string = plan.machine.name,
): Promise<void> {
  const root = sandbox.hostPath(machine, '');
  for (const { name, shell } of plan.users) {
    const options = ['--system', '--user-group', '--no-create-home', '--shell', shell];
    const { exitCode, stderr } = await sandbox.run(machine, ['useradd', ...options, name]);
    // 9: there already, by a package of the root.
    if (exitCode !== 0 && exitCode !== 9) throw new Error(`useradd ${name}: ${stderr}`);
  }
  const ids = (file: string): Map<string, number> =>
    new Map(
      readFileSync(`${root}${file}`, 'utf8')
        .split('\n')
        .map((line) => line.split(':'))
        .map(([name = '', , id]) => [name, Number(id)]),
    );
  const users = ids('/etc/passwd');
  const groups = ids('/etc/group');
  const own = (path: string, { owner, group, mode }: { owner: string; group: string; mode: number }): void => {
    const [uid, gid] = [users.get(owner), groups.get(group)];
    if (uid === undefined || gid === undefined) throw new Error(`${path}: no ${owner}:${group}`);
    chownSync(path, uid, gid);
    chmodSync(path, mode);
  };
  for (const directory of plan.directories) {
    mkdirSync(`${root}${directory.path}`, { recursive: true });
    own(`${root}${directory.path}`, directory);
  }
  for (const file of [...plan.files, ...unitFiles(plan.units)]) {
    const path = `${root}${file.path}`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.contents);
    own(path, file);
  }
  for (const { path, target } of plan.links) {
    mkdirSync(dirname(`${root}${path}`), { recursive: true });
    symlinkSync(target, `${root}${path}`);
  }
}

/** The text of a planned unit. */
export function unitText(plan: MachinePlan, name: string): string {
  const contents = plan.units.find((unit) => unit.name === name)?.contents;
  if (contents === undefined || contents === null) throw new Error(`${plan.machine.name} has no ${name}`);
  return contents;
}
