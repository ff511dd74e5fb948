import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KeelwayError } from '../../errors.ts';
import type { MachinePlan } from '../../plan/machine-plan.ts';
import { sudoersFile } from '../../render/account-files.ts';
import { unitFiles } from '../../render/unit-files.ts';
import type { ProgramHost } from './program-host.ts';

/**
 * Puts what was planned for a machine in its place, as its provisioning would: accounts, folders, files with owner and
 * mode, links, units.
 *
 * @throws {@link KeelwayError} `LAB_FAILED` when an account cannot be made or a file's owner is unknown.
 */
export async function placePlan(host: ProgramHost, plan: MachinePlan): Promise<void> {
  const { name } = plan.machine;
  const at = (path: string): string => host.hostPath(name, path);
  for (const user of plan.users) {
    const options = ['--system', '--user-group', '--no-create-home', '--shell', user.shell];
    const { exitCode, stderr } = await host.run(name, ['useradd', ...options, user.name]);
    // 9: there already, by a package of the root file system.
    if (exitCode !== 0 && exitCode !== 9) throw failure(`useradd ${user.name}: ${stderr.trim()}`);
  }
  const users = idsOf(at('/etc/passwd'));
  const groups = idsOf(at('/etc/group'));
  const own = (path: string, entry: { owner: string; group: string; mode: number }): void => {
    const [user, group] = [users.get(entry.owner), groups.get(entry.group)];
    if (user === undefined || group === undefined) throw failure(`${path}: no account ${entry.owner}:${entry.group}`);
    chownSync(at(path), user, group);
    chmodSync(at(path), entry.mode);
  };
  for (const directory of plan.directories) {
    mkdirSync(at(directory.path), { recursive: true });
    own(directory.path, directory);
  }
  for (const file of [...plan.files, ...sudoersFile(plan), ...unitFiles(plan.units)]) {
    mkdirSync(at(dirname(file.path)), { recursive: true });
    // From the start readable by root alone.
    writeFileSync(at(file.path), file.contents, { mode: 0o600 });
    own(file.path, file);
  }
  for (const { path, target } of plan.links) {
    mkdirSync(at(dirname(path)), { recursive: true });
    rmSync(at(path), { force: true });
    symlinkSync(target, at(path));
  }
}

function idsOf(file: string): ReadonlyMap<string, number> {
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(lines.map((line) => line.split(':')).map(([name = '', , id]) => [name, Number(id)]));
}

function failure(message: string): KeelwayError {
  return new KeelwayError({ code: 'LAB_FAILED', message });
}
