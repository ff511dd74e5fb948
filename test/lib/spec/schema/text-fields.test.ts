import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod/mini';
import { branchField, diskPathField, fileField, wwnField } from '../../../../lib/spec/schema/text-fields.ts';
import { registryProblem, repositoryProblem } from '../../../../lib/spec/schema/url.ts';

function accepts(field: (description: string) => z.ZodMiniString<string>, text: string): boolean {
  return field('').safeParse(text).success;
}

describe('branch names', () => {
  it('are those that git takes', { timeout: 60_000 }, () => {
    const part = fc.constantFrom(
      'main',
      'a',
      'x-1',
      '.',
      '..',
      '.lock',
      '/',
      '//',
      '@{',
      '@',
      '-',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
      ' ',
      'é',
    );
    const names = fc.sample(
      fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
      { numRuns: 150, seed: 5 },
    );
    for (const name of names) {
      const { status } = spawnSync('git', ['check-ref-format', '--branch', name]);
      // `--branch` also expands @{-1}, and takes HEAD-like names that Keelway need not.
      if (accepts(branchField, name)) expect(status, name).toBe(0);
      else if (!/^[-@]/.test(name)) expect(status, name).not.toBe(0);
    }
  });
});

describe('repository URLs', () => {
  it.each(['ssh://git@github.com/example/fleet.git', 'https://git.example.com:8443/a/b', 'http://git.example.com/a'])(
    '%s is one',
    (url) => expect(repositoryProblem(url)).toBeNull(),
  );

  it.each([
    ['git@github.com:example/fleet.git', 'SPEC_URL_INVALID', 'write ssh://git@github.com/example/fleet.git'],
    ['github.com/example/fleet', 'SPEC_URL_INVALID', 'ssh://'],
    ['file:///srv/git', 'SPEC_URL_INVALID', 'ssh://'],
    ['https://token@github.com/a', 'SPEC_URL_SECRET', 'remove it'],
    ['https://me:token@github.com/a', 'SPEC_URL_SECRET', 'remove it'],
    ['ssh://git:token@github.com/a', 'SPEC_URL_SECRET', 'remove it'],
    ['https://github.com/a?token=x', 'SPEC_URL_INVALID', 'ssh://'],
    ['https:///a', 'SPEC_URL_INVALID', 'ssh://'],
    ['https://exa mple.com/a', 'SPEC_URL_INVALID', 'ssh://'],
    ['https://example.com:99999/a', 'SPEC_URL_INVALID', 'ssh://'],
  ])('%s is refused (%s)', (url, code, hint) => {
    const problem = repositoryProblem(url);
    expect(problem?.code).toBe(code);
    expect(problem?.hint).toContain(hint);
    expect(JSON.stringify(problem)).not.toMatch(/me:token|git:token/);
  });
});

describe('other texts', () => {
  it.each(['docker.io', 'registry.k8s.io', '10.0.0.1:5000', '_default'])('%s is a registry', (text) =>
    expect(registryProblem(text)).toBeNull(),
  );
  it.each(['https://docker.io', 'docker.io/library', '', 'a b'])('"%s" is no registry', (text) =>
    expect(registryProblem(text)?.code).toBe('SPEC_REGISTRY_INVALID'),
  );
  it.each(['a.txt', 'secrets/bgp.txt', '../shared/ca.pem'])('%s is a file beside the cluster file', (text) =>
    expect(accepts(fileField, text)).toBe(true),
  );
  it.each(['/etc/passwd', '~/x', './a', 'a//b', 'a/', '', 'a\\b', 'a/../../b'])('"%s" is none', (text) =>
    expect(accepts(fileField, text)).toBe(false),
  );
  it.each(['0x5002538d40a9b2f1', 'eui.0025385b71b0a2c3', 'naa.5000c500a1b2c3d4'])('%s is a world wide name', (text) =>
    expect(accepts(wwnField, text)).toBe(true),
  );
  it.each(['5002538d40a9b2f1', '0x5002', 'eui.XYZ', '0X5002538D40A9B2F1'])('%s is none', (text) =>
    expect(accepts(wwnField, text)).toBe(false),
  );
  it.each(['/dev/disk/by-id/nvme-Samsung_SSD_990_S6Z2NJ0TA12345', '/dev/disk/by-path/pci-0000:01:00.0-nvme-1'])(
    '%s names a disk',
    (text) => expect(accepts(diskPathField, text)).toBe(true),
  );
  it.each(['/dev/sda', '/dev/disk/by-id/x-part1', '/dev/disk/by-uuid/1-2', '/dev/disk/by-id/../../sda', 'sda'])(
    '%s does not',
    (text) => expect(accepts(diskPathField, text)).toBe(false),
  );
});
