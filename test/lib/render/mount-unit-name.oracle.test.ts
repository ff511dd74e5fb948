import { describe, expect, it } from 'vitest';
import { mountUnitName } from '../../../lib/render/systemd.ts';
import { inRoot } from '../../tools/tools.ts';

const PATHS = [
  '/var/lib/etcd',
  '/',
  '/srv/etcd-data',
  '/.hidden',
  '/a/.b',
  '/mnt/a@b+c=d:e',
  '/x_y.z/-',
  '/var/lib/etcd.d',
];

describe('mountUnitName', () => {
  it('is what systemd-escape says', async () => {
    const { exitCode, stdout } = await inRoot('systemd-escape', ['--path', '--suffix=mount', ...PATHS]);
    expect(exitCode).toBe(0);
    expect(PATHS.map(mountUnitName)).toEqual(stdout.trim().split(' '));
  });
});
