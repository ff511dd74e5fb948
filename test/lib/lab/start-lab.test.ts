import { describe, expect, it } from 'vitest';
import { supervisorLogPath } from '../../../lib/lab/programs/start-supervisor.ts';
import { kubeconfigPath, labFolder } from '../../../lib/lab/start-lab.ts';
import { DISKS_ROOT, labDisks, RUNTIME_ROOT } from '../../../lib/lab/state.ts';

const PATHS = ['', '.', '..', '../..', 'a/b', '/etc', 'a:b', 'a,b', 'a b', '-a', 'A', '.hidden', 'a\n', 'a'.repeat(64)];

describe("a lab's name", () => {
  it.each(PATHS)('is never a path: %j', (name) => {
    for (const pathOf of [labFolder, labDisks, kubeconfigPath, supervisorLogPath]) {
      expect(() => pathOf(name), pathOf.name).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
    }
  });

  it('is a folder of its own below the two roots', () => {
    for (const name of ['a', 'ha-3etcd', '7', 'a'.repeat(63)]) {
      expect(labFolder(name)).toBe(`${RUNTIME_ROOT}/${name}`);
      expect(labDisks(name)).toBe(`${DISKS_ROOT}/${name}`);
    }
  });
});
