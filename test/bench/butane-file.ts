import { deepStrictEqual } from 'node:assert';
import { gunzipSync } from 'node:zlib';
import type { MachinePlan } from '../../lib/plan/machine-plan.ts';
import { hostnameFile, sudoersFile } from '../../lib/render/account-files.ts';
import type { IgnitionConfig } from '../../lib/render/ignition-config.ts';
import { networkFiles } from '../../lib/render/network-files.ts';
import { hasOwnMode, ownModeUnitFiles } from '../../lib/render/unit-files.ts';
import { toYaml } from '../../lib/render/yaml.ts';

/**
 * A machine's plan as a person would write it for the butane command: every file inline.
 *
 * @see https://coreos.github.io/butane/config-fcos-v1_5/
 */
export function butaneFile(plan: MachinePlan): string {
  const files = [
    hostnameFile(plan),
    ...networkFiles(plan),
    ...sudoersFile(plan),
    ...plan.files,
    ...ownModeUnitFiles(plan.units),
  ];
  return toYaml({
    variant: 'fcos',
    version: '1.5.0',
    storage: {
      directories: plan.directories.map(({ path, mode, owner, group }) => ({ path, mode, ...owned(owner, group) })),
      files: files.map(({ path, contents, mode, owner, group }) => {
        return { path, overwrite: true, mode, ...owned(owner, group), contents: { inline: contents } };
      }),
      links: plan.links.map(({ path, target }) => ({ path, overwrite: true, target })),
    },
    systemd: {
      units: plan.units.map((unit) => ({
        name: unit.name,
        ...(unit.enabled ? { enabled: true } : {}),
        ...(unit.masked ? { mask: true } : {}),
        ...(unit.contents === null || hasOwnMode(unit) ? {} : { contents: unit.contents }),
        ...(unit.dropIns.length === 0 ? {} : { dropins: unit.dropIns.map((dropIn) => ({ ...dropIn })) }),
      })),
    },
  });
}

function owned(owner: string, group: string): Record<string, { name: string }> {
  return { user: { name: owner }, group: { name: group } };
}

/** @throws AssertionError when the two configurations do not put the same bytes at the same paths, with the same units. */
export function requireSameFiles(ofButane: IgnitionConfig, ofKeelway: IgnitionConfig): void {
  deepStrictEqual(contentsOf(ofButane), contentsOf(ofKeelway));
  const names = ({ systemd }: IgnitionConfig) => systemd.units.map(({ name, contents }) => [name, contents]).toSorted();
  deepStrictEqual(names(ofButane), names(ofKeelway));
}

function contentsOf(config: IgnitionConfig): [string, string][] {
  return config.storage.files.map(({ path, contents }): [string, string] => [path, textOf(contents)]).toSorted();
}

function textOf({ source, compression }: { readonly source: string; readonly compression?: string }): string {
  const comma = source.indexOf(',');
  const data = source.slice(comma + 1);
  const bytes = source.slice(0, comma).endsWith(';base64')
    ? Buffer.from(data, 'base64')
    : Buffer.from(decodeURIComponent(data));
  return (compression === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}
