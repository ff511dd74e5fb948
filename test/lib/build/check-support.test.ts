import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkSupport } from '../../../lib/build/check-support.ts';
import { kubernetesSupport } from '../../../lib/model/support.ts';
import { supportedMinors } from '../../../lib/spec/rules/versions.ts';
import { copyExample, runCli } from '../../cli/run-cli.ts';

const at = (day: string): number => Date.parse(`${day}T12:00:00Z`) / 1000;

describe('checkSupport', () => {
  it('says nothing while a minor gets all fixes', () => {
    expect(checkSupport('1.35.6', at('2026-12-27'))).toEqual([]);
    expect(checkSupport('1.37.1', at('2026-12-28'))).toEqual([]);
  });

  it('warns of the end, before and after', () => {
    expect(checkSupport('1.35.6', at('2026-12-28'))).toEqual([
      {
        severity: 'warning',
        code: 'VERSION_SUPPORT_ENDS',
        path: ['spec', 'versions', 'kubernetes'],
        message: 'Kubernetes 1.35 gets critical fixes only, and none from 2027-02-28 on',
        hint: 'upgrade to 1.36',
      },
    ]);
    expect(checkSupport('1.37.1', at('2027-10-28'))).toMatchObject([
      { message: 'Kubernetes 1.37 gets no fixes since 2027-10-28', hint: 'update Keelway, then upgrade' },
    ]);
  });

  it('knows every minor that Keelway supports, and that each later one ends later', () => {
    const [oldest, newest] = supportedMinors.kubernetes.map((minor) => Number(minor.split('.')[1])) as [number, number];
    const ends = Array.from(
      { length: newest - oldest + 1 },
      (_, index) => kubernetesSupport(`1.${oldest + index}.0`)?.end,
    );
    expect(ends).not.toContain(undefined);
    expect(ends).toEqual(ends.toSorted());
  });

  it('is printed with its place by validate and build, and counts with --strict', async () => {
    const cwd = copyExample('single');
    const nowSeconds = at('2028-01-01');
    const run = (...argv: string[]) => runCli(argv, { cwd, nowSeconds });
    await run('secrets', 'create');
    for (const verb of ['validate', 'build']) {
      const { exitCode, stderr } = await run(verb);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 0,
        stderr: expect.stringMatching(
          /warning\[VERSION_SUPPORT_ENDS\] spec\.versions\.kubernetes: .*\n *--> cluster\.yaml:8:26/,
        ),
      });
      expect((await run(verb, '--strict')).exitCode).toBe(2);
    }
    rmSync(cwd, { recursive: true });
  });
});
