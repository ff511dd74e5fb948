/** The flags of each etcd minor, taken by the program itself. */
import { expect, it } from 'vitest';
import { etcdCluster } from '../harness/etcd-cluster.ts';
import { exampleCluster } from '../support/clusters.ts';

it.each(['3.5.35', '3.6.16', '3.7.3'])(
  'etcd %s starts with its flags and uses none that is deprecated',
  async (version) => {
    const example = exampleCluster('single');
    const etcd = await etcdCluster({ ...example, versions: { ...example.versions, etcd: version } });
    try {
      const [member] = etcd.members;
      const unit = await etcd.start(member as string);
      await unit.ready();
      expect((await etcd.etcdctl(member as string, 'version')).stdout).toContain(version);
      expect((await etcd.etcdctl(member as string, 'put key value')).stdout).toBe('OK\n');
      expect(unit.main.output()).not.toMatch(/deprecated|decommissioned|"level":"(error|fatal|panic)"/i);
      expect(unit.main.output()).toContain(`"etcd-version":"${version}"`);
    } finally {
      await etcd.stop();
    }
  },
);
