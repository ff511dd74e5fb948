import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachinePlan } from '../../lib/plan/machine-plan.ts';
import { cloudConfig } from '../../lib/render/cloud-init.ts';
import { networkConfig } from '../../lib/render/cloud-init-network.ts';
import { type BuiltExample, buildExample } from '../harness/build-example.ts';
import { runOracle } from '../images/oracle.ts';
import { exampleNames } from '../support/clusters.ts';
import { inRoot, toolPath } from '../tools/tools.ts';

/** cloud-init's own check and PyYAML's reading of many seeds in one process: a start costs a second. */
const JUDGE = `
import json, sys, yaml
from cloudinit.config.schema import SchemaType, get_schema, validate_cloudconfig_file

kinds = {"user-data": SchemaType.CLOUD_CONFIG, "network-config": SchemaType.NETWORK_CONFIG}
for folder in sys.argv[1:]:
    read = {}
    for name, kind in kinds.items():
        validate_cloudconfig_file(f"{folder}/{name}", get_schema(kind), kind)
        read[name] = yaml.safe_load(open(f"{folder}/{name}"))
    read["meta-data"] = yaml.safe_load(open(f"{folder}/meta-data"))
    print(json.dumps(read))
`;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'keelway-outputs-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe.each(exampleNames)('what is built from examples/%s', (name) => {
  let example: BuiltExample;
  let folder: string;
  const machines = (format: MachinePlan['machine']['configFormat']): readonly MachinePlan[] =>
    example.plan.machines.filter(({ machine }) => machine.configFormat === format);
  const output = ({ hostname }: MachinePlan, file: string): string => join(folder, 'machines', hostname, file);

  beforeAll(async () => {
    example = await buildExample(name);
    folder = join(scratch, name);
    for (const { path, contents } of example.outputs) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), contents);
    }
  });

  it('is accepted by ignition-validate', () => {
    for (const plan of machines('ignition')) {
      const messages = execFileSync(toolPath('ignition-validate'), [output(plan, 'ignition.json')], {
        encoding: 'utf8',
      });
      expect({ machine: plan.hostname, messages }).toEqual({ machine: plan.hostname, messages: '' });
    }
  });

  it('is accepted by cloud-init and read back equal by PyYAML', async () => {
    const plans = machines('cloud-init');
    const folders = plans.map((plan) => dirname(output(plan, 'user-data')));
    const { exitCode, stdout, stderr } = await inRoot('python3', ['-c', JUDGE, ...folders], { cwd: folder });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const read = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const [index, plan] of plans.entries()) {
      expect(read[index]).toEqual({
        'user-data': JSON.parse(JSON.stringify(cloudConfig(plan))),
        'network-config': networkConfig(plan.network),
        'meta-data': { 'instance-id': expect.stringContaining(plan.hostname), 'local-hostname': plan.hostname },
      });
    }
  });

  it('has seeds that xorriso, bsdtar and cpio read back byte for byte', () => {
    for (const plan of machines('cloud-init')) {
      const iso = output(plan, 'seed.iso');
      expect(new TextDecoder().decode(runOracle('blkid', ['-p', '-o', 'value', '-s', 'LABEL', iso])).trim()).toBe(
        'CIDATA',
      );
      const extracted = join(folder, `iso-${plan.hostname}`);
      runOracle('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/', extracted]);
      const initrd = join(folder, `cpio-${plan.hostname}`);
      mkdirSync(initrd);
      runOracle('cpio', ['-idm', '--quiet'], { cwd: initrd, input: readFileSync(output(plan, 'seed.cpio')) });
      for (const file of ['user-data', 'meta-data', 'network-config']) {
        const wanted = readFileSync(output(plan, file));
        expect(readFileSync(join(extracted, file)).equals(wanted)).toBe(true);
        expect(Buffer.from(runOracle('bsdtar', ['-xOf', iso, file])).equals(wanted)).toBe(true);
        expect(readFileSync(join(initrd, 'var/lib/cloud/seed/nocloud', file)).equals(wanted)).toBe(true);
      }
    }
  });

  it('has initrd archives with the configuration where each Ignition looks for it', () => {
    const places = { flatcar: 'usr/share/oem/config.ign', 'fedora-coreos': 'config.ign', debian: '', ubuntu: '' };
    for (const plan of machines('ignition')) {
      const initrd = join(folder, `cpio-${plan.hostname}`);
      mkdirSync(initrd);
      runOracle('cpio', ['-idm', '--quiet'], { cwd: initrd, input: readFileSync(output(plan, 'seed.cpio')) });
      const config = readFileSync(join(initrd, places[plan.machine.os]));
      expect(config.equals(readFileSync(output(plan, 'ignition.json')))).toBe(true);
      if (plan.machine.os === 'fedora-coreos') {
        const network = readFileSync(join(initrd, 'etc/coreos-firstboot-network/keelway.nmconnection'), 'utf8');
        expect(network).toContain(`address1=${plan.network.address}/24`);
      }
    }
  });

  it('holds no secret outside the files that are marked', () => {
    const secrets = example.plan.machines.flatMap(({ files }) =>
      files.filter((file) => file.secret).flatMap(({ contents }) => contents.match(/[A-Za-z0-9+/=]{40,}/g) ?? []),
    );
    const open = example.outputs.filter((file) => !file.secret).map(({ contents }) => String(contents));
    expect(open.length).toBeGreaterThan(0);
    // A certificate beside its key is no secret; what stands in a private key or an encryption key is.
    for (const secret of new Set(secrets)) for (const text of open) expect(text.includes(secret)).toBe(false);
  });
});
