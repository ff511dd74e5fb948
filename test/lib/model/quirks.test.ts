import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { etcdHasFeatureGatesFlag, etcdRefusesExperimentalFlags } from '../../../lib/model/quirks.ts';
import { toolPath } from '../../tools/tools.ts';

/** What the real etcd of a minor says about a flag; it prints its version and starts nothing. */
function knowsFlag(minor: string, flag: string): boolean {
  const { stderr, stdout } = spawnSync(toolPath(`etcd-${minor}`), [flag, '--version'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return !`${stdout}${stderr}`.includes('flag provided but not defined');
}

describe.each(['3.5', '3.6', '3.7'])('etcd %s', (minor) => {
  it('has --feature-gates or not, as the predicate says', () => {
    expect(etcdHasFeatureGatesFlag(`${minor}.99`)).toBe(knowsFlag(minor, '--feature-gates=InitialCorruptCheck=true'));
  });

  it('takes --experimental flags or not, as the predicate says', () => {
    const knows = knowsFlag(minor, '--experimental-initial-corrupt-check=true');
    expect(etcdRefusesExperimentalFlags(`${minor}.99`)).toBe(!knows);
  });
});
