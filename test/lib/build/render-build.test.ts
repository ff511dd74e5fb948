import { beforeAll, describe, expect, it } from 'vitest';
import { renderBuild } from '../../../lib/build/render-build.ts';
import { createHash } from '../../../lib/output/hash.ts';
import type { ClusterPlan } from '../../../lib/plan/cluster-plan.ts';
import { type BuiltExample, buildExample } from '../../harness/build-example.ts';

let built: BuiltExample;
beforeAll(async () => {
  built = await buildExample('mixed');
});

describe('renderBuild', () => {
  it('describes exactly the files it gives', () => {
    const { outputs, manifest } = built;
    const described = [...manifest.outputs.map(({ path }) => path), 'manifest.json'].sort();
    expect(outputs.map(({ path }) => path).sort()).toEqual(described);
  });

  it('gives the machines, the boot order and its gates without a secret', () => {
    const plan = JSON.parse(built.output('plan.json').toString());
    expect(plan).toMatchObject({
      kind: 'Plan',
      cluster: 'mixed',
      bootOrder: [
        { stage: 'etcd', gate: { name: 'etcd-quorum' } },
        { stage: 'control-plane', gate: { name: 'api-ready' } },
        { stage: 'workers', gate: { name: 'nodes-ready' } },
      ],
    });
    expect(plan.machines).toHaveLength(built.plan.machines.length);
    expect(built.outputs.find(({ path }) => path === 'plan.json')?.secret).toBe(false);
  });

  it('names the machine of the cluster file when a target would refuse what was rendered', () => {
    const spoilt: ClusterPlan = {
      ...built.plan,
      machines: built.plan.machines.map((machine, index) => {
        const [first] = machine.files;
        if (index !== 7 || first === undefined) return machine;
        return { ...machine, files: [...machine.files, { ...first, path: '/run/gone' }] };
      }),
    };
    expect(() => renderBuild(spoilt, 0, createHash())).toThrow(
      expect.objectContaining({
        code: 'PLAN_INVALID',
        issues: [
          expect.objectContaining({
            path: ['spec', 'machines', 7],
            message: '/run/gone lies in a folder that is empty after every boot',
          }),
        ],
      }),
    );
  });
});
