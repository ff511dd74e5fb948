import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bootstrapScript } from '../../../lib/components/bootstrap-script.ts';

/**
 * Stands in for kubectl: notes each call, keeps the certificate it was shown, answers by the files `fail` and `labels`.
 * The real kubectl and API server run the script in test/e2e/control-plane.test.ts.
 */
const KUBECTL = `#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >>"$here/calls"
case "$*" in *credential/kubeconfig*)
  stat -c '%a %n' "$here/run/credential" "$here/run/credential/client.key" "$here/run/credential/kubeconfig" >"$here/modes"
  cp "$here/run/credential/client.crt" "$here/seen.crt" ;;
esac
case "$*" in
  *"$(cat "$here/fail")"*) exit 1 ;;
  *go-template*) cat "$here/labels" ;;
  *" label node "*) printf '%s\\n' first.example/label second.example/label >"$here/labels" ;;
esac
`;

/** As long as a machine's name may be. */
const LONG_NAME = `cp-${'1'.repeat(60)}`;

let folder: string;

function file(name: string): string {
  return join(folder, name);
}

function calls(): string[] {
  return existsSync(file('calls')) ? readFileSync(file('calls'), 'utf8').trim().split('\n') : [];
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelway-bootstrap-'));
  const subject = ['-subj', '/CN=node-signer', '-days', '30', '-nodes', '-newkey', 'ec'];
  execaSync('openssl', [
    ...['req', '-x509', ...subject, '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', file('signer.key')],
    ...['-out', file('signer.crt'), '-addext', 'keyUsage=critical,keyCertSign'],
  ]);
  writeFileSync(file('kubectl'), KUBECTL);
  chmodSync(file('kubectl'), 0o755);
  writeFileSync(file('objects.yaml'), 'kind: Example\n');
  // Without a wait between tries.
  writeFileSync(file('sleep'), '#!/bin/sh\n');
  writeFileSync(file('curl'), '#!/bin/sh\ncase "$*" in *"$(cat "$(dirname "$0")/fail")"*) exit 22 ;; esac\n');
  for (const name of ['sleep', 'curl']) chmodSync(file(name), 0o755);
  for (const [name, machine] of Object.entries({ script: 'cp-1', 'long-script': LONG_NAME })) {
    writeFileSync(file(name), scriptOf(machine));
  }
});

function scriptOf(machine: string): string {
  return bootstrapScript({
    kubectl: file('kubectl'),
    machine,
    server: 'https://127.0.0.1:6443',
    authorities: file('ca.crt'),
    signer: file('signer'),
    kubeletKubeconfig: file('kubelet.conf'),
    objects: file('objects.yaml'),
    runtimeDirectory: file('run'),
    nodeLabels: ['first.example/label', 'second.example/label'],
  });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  for (const name of ['run', 'calls', 'modes', 'seen.crt']) rmSync(file(name), { recursive: true, force: true });
  mkdirSync(file('run'), { mode: 0o700 });
  writeFileSync(file('labels'), 'kubernetes.io/hostname\n');
  writeFileSync(file('fail'), 'nothing at all');
});

async function run(shell: string, script = 'script'): Promise<number | undefined> {
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const { exitCode, stderr } = await execa(shell, [file(script)], { env, reject: false });
  expect(stderr).not.toMatch(/PRIVATE KEY/);
  return exitCode;
}

describe.each(['dash', 'bash'])('the bootstrap script in %s', (shell) => {
  it('applies the objects and labels the node with a one-hour administrator, then forgets it', async () => {
    const before = Math.floor(Date.now() / 1000);
    expect(await run(shell)).toBe(0);
    const admin = calls().filter((call) => call.includes('credential/kubeconfig'));
    expect(admin.map((call) => call.replace(/^.*--request-timeout=\S+ /, ''))).toEqual([
      `apply --server-side --force-conflicts --field-manager=keelway -f ${file('objects.yaml')}`,
      'get node cp-1 -o name',
      'label node cp-1 --overwrite --field-manager=keelway first.example/label= second.example/label=',
    ]);
    expect(readFileSync(file('modes'), 'utf8').match(/^\d+/gm)).toEqual(['700', '600', '600']);
    expect(existsSync(file('run/credential'))).toBe(false);

    const seen = ['-in', file('seen.crt'), '-noout'];
    const { stdout: subject } = await execa('openssl', ['x509', ...seen, '-subject', '-nameopt', 'RFC2253']);
    expect(subject).toBe('subject=CN=keelway:bootstrap,OU=cp-1,O=system:masters');
    const { stdout: dates } = await execa('openssl', ['x509', ...seen, '-dates', '-dateopt', 'iso_8601']);
    const [start, end] = [...dates.matchAll(/=(.*)$/gm)].map(([, date]) => Date.parse(date?.replace(' ', 'T') ?? ''));
    expect((end ?? 0) - (start ?? 0)).toBe(3_600_000);
    expect((end ?? 0) / 1000 - before).toBeLessThanOrEqual(3600);
    const verify = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', file('signer.crt')];
    await execa('openssl', [...verify, file('seen.crt')]);
    const { stdout: text } = await execa('openssl', ['x509', ...seen, '-text']);
    expect(text).toMatch(/prime256v1/);
    expect(text).toMatch(/CA:FALSE/);
  });

  it('does so for a name of 63 characters', async () => {
    expect(await run(shell, 'long-script')).toBe(0);
    const seen = ['x509', '-in', file('seen.crt'), '-noout', '-subject', '-nameopt', 'RFC2253'];
    expect((await execa('openssl', seen)).stdout).toContain(`OU=${LONG_NAME},`);
    expect(calls().join()).toContain(`label node ${LONG_NAME} `);
  });

  it('makes no certificate when there is nothing to do', async () => {
    expect(await run(shell)).toBe(0);
    rmSync(file('calls'));
    rmSync(file('seen.crt'));
    expect(await run(shell)).toBe(0);
    expect(calls()).toHaveLength(1);
    expect(existsSync(file('seen.crt'))).toBe(false);
  });

  it('labels a node that registered anew, and does not apply the objects again', async () => {
    expect(await run(shell)).toBe(0);
    rmSync(file('calls'));
    writeFileSync(file('labels'), 'first.example/label\n');
    expect(await run(shell)).toBe(0);
    expect(calls().join()).toContain(' label node cp-1');
    expect(calls().join()).not.toContain(' apply ');
  });

  it.each([
    ['the API server is not ready', '/readyz', 0],
    ['the objects are refused', ' apply ', 1],
    ['the node has not registered', '-o name', 1],
    ['the label is refused', ' label node ', 1],
  ])('fails, to be run again, and leaves no credential when %s', async (_, fail, minted) => {
    writeFileSync(file('fail'), fail);
    expect(await run(shell)).toBe(1);
    expect(existsSync(file('seen.crt'))).toBe(minted === 1);
    expect(readdirSync(file('run'))).not.toContain('credential');
  });

  it('removes what an earlier run left, and its own on a signal', async () => {
    mkdirSync(file('run/credential'));
    writeFileSync(file('run/credential/client.key'), 'left behind');
    writeFileSync(file('fail'), '-o name');
    writeFileSync(file('sleep'), '#!/bin/sh\nkill -TERM $PPID\n');
    try {
      expect(await run(shell)).toBe(143);
      expect(readdirSync(file('run'))).not.toContain('credential');
    } finally {
      writeFileSync(file('sleep'), '#!/bin/sh\n');
    }
  });
});
