/** Certificates of the kubelet that end soon, on a whole machine. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCpio } from '../../images/archive/read-cpio.ts';
import { KUBELET_CLIENT_CERTIFICATE } from '../../lib/components/kubelet-certificate.ts';
import { edited } from '../support/edited.ts';
import { ask, eventually, readyNodes } from './judges/ask.ts';
import { judgeJournals } from './judges/journals.ts';
import { startTestLab, type TestLab } from './test-lab.ts';

const NODE = 'node-1';
const DELIVERED = '/etc/kubernetes/pki/kubelet/client-seed.pem';

let up: TestLab;

beforeAll(async () => {
  // One hour to live is the least that a cluster file may say; 23 of 24 hours are over already, so that the kubelet,
  // which renews when 70 to 90 hundredths are over, does it at once.
  up = await startTestLab('single', {
    edit: (text) => edited(text, ['  access:', '  pki: {leafLifetime: 1h}\n  access:']),
    change: (cluster) => ({ ...cluster, pki: { ...cluster.pki, backdateSeconds: 23 * 3600 } }),
  });
}, 600_000);

afterAll(async () => {
  await up?.stop();
});

async function certificate(path: string): Promise<{ serial: string; issuer: string; hours: number }> {
  const text = await ask(up.lab, NODE, `openssl x509 -in ${path} -noout -serial -issuer -startdate -enddate`);
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  const hours = (Date.parse(field('notAfter')) - Date.parse(field('notBefore'))) / 3_600_000;
  return { serial: field('serial'), issuer: field('issuer'), hours };
}

describe('client certificates of kubelets', () => {
  it('are renewed by the cluster itself, for as long as the cluster file says', async () => {
    const delivered = await certificate(DELIVERED);
    expect(delivered.hours).toBeGreaterThan(20);
    const renewed = await eventually('another certificate', 120_000, async () => {
      const now = await certificate(KUBELET_CLIENT_CERTIFICATE);
      return now.serial !== delivered.serial && now;
    });
    expect(renewed.issuer).toContain('node-signer');
    expect(renewed.hours).toBeGreaterThan(0.9);
    expect(renewed.hours).toBeLessThan(1.2);
    expect(await readyNodes(up.lab)).toEqual([NODE]);
  }, 200_000);

  // A machine that is everything, and alone.
  judgeJournals(() => up);

  it('stay when the same seed is applied again', async () => {
    const before = await certificate(KUBELET_CLIENT_CERTIFICATE);
    await ask(up.lab, NODE, 'cloud-init clean --logs --seed; sync');
    await up.lab.kill(NODE);
    for (const { path, type, contents, mode } of readCpio(up.seeds[NODE] ?? new Uint8Array())) {
      if (type !== 'file') continue;
      const file = join(up.lab.diskPath(NODE, 'upper'), path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, contents ?? '', { mode });
    }
    await up.lab.start(NODE);
    await up.waitUntilUp();
    const said = await ask(
      up.lab,
      NODE,
      'journalctl --quiet --no-pager --boot --output=cat --unit=keelway-kubelet-cert',
    );
    expect(said).toContain('keeping the certificate that is there');
    expect(await ask(up.lab, NODE, 'journalctl --quiet --no-pager --boot --output=cat --unit=cloud-final')).toContain(
      'Finished cloud-final.service',
    );
    expect(existsSync(up.lab.hostPath(NODE, '/var/lib/cloud/seed/nocloud'))).toBe(false);
    expect((await certificate(KUBELET_CLIENT_CERTIFICATE)).serial).toBe(before.serial);
    expect(await readyNodes(up.lab)).toEqual([NODE]);
  }, 600_000);
});
