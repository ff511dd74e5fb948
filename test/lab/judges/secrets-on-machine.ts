import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { TestLab } from '../test-lab.ts';
import { ask } from './ask.ts';

/** Where private keys belong. */
const PLACES =
  /^\/(?:etc\/kubernetes\/pki\/|etc\/etcd\/pki\/|etc\/kube-vip\/|etc\/ssh\/ssh_host_|var\/lib\/kubelet\/pki\/kubelet-client-)/;

/**
 * Folders of this machine's own; programs and libraries are nobody's secret. What is mounted there is not looked into,
 * and so the disks are named.
 */
const FOLDERS = '/etc /var /run /root /home /tmp /opt /srv';
const DISKS = '/var/lib/kubelet /var/lib/etcd /var/lib/containerd';

/** Of the programs in container images nobody made a key. */
const PROGRAMS = '-path "/var/lib/containerd/*" -size +1024k';
/** Some machines have not all of the folders. */
const WITH_KEY = `find $(ls -d ${FOLDERS} ${DISKS} 2>/dev/null) -xdev -type f -not \\( ${PROGRAMS} \\)`;
const GREP = 'grep -lsa -e "-----BEGIN .*PRIVATE KEY-----"';

/** What is left of the secrets on the machines' disks, once they are up. */
export function judgeSecretsOnMachine(up: () => TestLab): void {
  const names = () => up().cluster.machines.map(({ name }) => name);

  it('has private keys where they belong only, readable for their owner only; no journal or seed has one', async () => {
    const { lab } = up();
    for (const { name, runsKubelet } of up().cluster.machines) {
      const found = await ask(lab, name, `${WITH_KEY} -exec ${GREP} {} + | xargs -r stat -c '%a %U %n'`);
      const lines = found.split('\n');
      expect(lines.length, name).toBeGreaterThan(2);
      const wrong = lines.filter((line) => {
        const [mode, owner = '', path = ''] = line.split(' ');
        return mode !== '600' || !['root', 'etcd'].includes(owner) || !PLACES.test(path);
      });
      expect(wrong, name).toEqual([]);
      if (runsKubelet) expect(found, name).toContain('/var/lib/kubelet/pki/kubelet-client-');
    }
  });

  it('lets the operator of the machine, who is not root, read none of them', async () => {
    const { lab, cluster } = up();
    for (const name of names()) {
      const readable = `${WITH_KEY} -readable -exec ${GREP} -e 'BGP.*password "' {} + 2>/dev/null || :`;
      const found = await ask(
        lab,
        name,
        `runuser -u ${cluster.access.user} -- sh -c '${readable.replaceAll("'", `'\\''`)}'`,
      );
      expect(found, name).toBe('');
    }
    for (const { name, role } of cluster.machines) {
      if (role !== 'control-plane') continue;
      const secret = '/etc/kubernetes/apiserver/encryption.yaml';
      expect(existsSync(lab.hostPath(name, secret))).toBe(true);
      expect(await ask(lab, name, `stat -c '%a %U' ${secret}`), name).toBe('600 root');
    }
  });

  it('has static pods for root only', async () => {
    const { lab, cluster } = up();
    for (const { name, role } of cluster.machines) {
      if (role !== 'control-plane') continue;
      const modes = await ask(lab, name, "cd /etc/kubernetes/manifests; stat -c '%a %U' . *");
      expect(modes.split('\n'), name).toEqual(['700 root', ...Array(4).fill('600 root')]);
    }
  });
}
