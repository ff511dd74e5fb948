import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { planCluster } from '../../../lib/plan/plan-cluster.ts';
import { fakePki, LOCKED_ASSETS, referenceCluster, testInputs } from './reference-cluster.ts';

/** Every different script of every machine on every OS, with the name of the first machine that has it. */
const scripts = new Map<string, string>();
for (const os of ['debian', 'ubuntu', 'flatcar', 'fedora-coreos'] as const) {
  const cluster = referenceCluster({}, os);
  for (const { hostname, files } of planCluster(cluster, fakePki(cluster), testInputs({ assets: LOCKED_ASSETS }))
    .machines) {
    for (const { path, contents } of files) {
      const isScript = contents.startsWith('#!');
      if (isScript && !scripts.has(contents)) scripts.set(contents, `${path} of ${hostname}, ${os}`);
    }
  }
}

function check(program: string, args: readonly string[], input: string): string {
  const { error, stdout, stderr, status } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(`${program} is missing, which checks the scripts: apt-get install ${program}`);
  return status === 0 ? '' : `${stdout}${stderr}`;
}

describe.each(Array.from(scripts, ([contents, name]) => [name, contents] as const))('%s', (_, contents) => {
  it('is for a POSIX shell and stops at the first error', () => {
    expect(contents.split('\n')[0]).toBe('#!/bin/sh');
    expect(contents).toMatch(/^(set -eu|rm -f .*)$/m);
    expect(check('dash', ['-n'], contents)).toBe('');
  });

  it('passes shellcheck', () => {
    expect(check('shellcheck', ['--shell=sh', '--severity=warning', '-'], contents)).toBe('');
  });
});
