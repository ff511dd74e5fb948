import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../lib/cli/exit-codes.ts';
import { type CliResult, copyExample, runCli } from './run-cli.ts';

let cwd: string;
beforeAll(async () => {
  cwd = copyExample('ha');
  expect((await run('secrets', 'create')).exitCode).toBe(EXIT.ok);
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { cwd });

describe('keelway render', () => {
  it('lists what a machine gets', async () => {
    const { stdout } = await run('render', 'etcd-1');
    expect(stdout).toMatch(/^ {2}0600 +etcd:etcd +\/etc\/etcd\/pki\/server\.key +secret$/m);
    expect(stdout).toMatch(/^ {2}0644 +root:root +\d+ +\/etc\/systemd\/system\/etcd\.service$/m);
    const list = JSON.parse((await run('render', 'etcd-1', '--output', 'json')).stdout);
    expect(list).toContainEqual(
      expect.objectContaining({ path: '/etc/etcd/pki/server.key', mode: '0600', owner: 'etcd', secret: true }),
    );
  });

  it('prints a file, a unit by its name, and an output', async () => {
    expect((await run('render', 'cp-1', '/etc/hostname')).stdout).toBe('cp-1\n');
    expect((await run('render', 'etcd-1', 'etcd.service')).stdout).toContain('[Service]\n');
    expect((await run('render', 'cp-1', 'network-config')).stdout).toContain('macaddress: "52:54:00:0a:00:0b"');
  });

  it('redacts secrets everywhere unless asked', async () => {
    const key = '/etc/kubernetes/pki/apiserver/apiserver.key';
    expect((await run('render', 'cp-1', key)).stdout).toMatch(/^\[redacted: \d+ bytes\]\n$/);
    expect((await run('render', 'cp-1', 'user-data')).stdout).not.toMatch(
      /PRIVATE KEY|secretbox:\n.*secret: [A-Za-z0-9+/]{40}/s,
    );
    expect((await run('render', 'cp-1', key, '--show-secrets')).stdout).toContain('PRIVATE KEY');
    expect((await run('render', 'cp-1', 'user-data', '--show-secrets')).stdout).toContain('PRIVATE KEY');
  });

  it('prints the meta-data of the real contents, and keeps no certificate', async () => {
    await run('build');
    const built = readFileSync(join(cwd, 'build/ha/machines/cp-1/meta-data'), 'utf8');
    expect((await run('render', 'cp-1', 'meta-data')).stdout).toBe(built);
  });

  it.each<[string[], string, string]>([
    [['cp-9'], 'error[PLAN_MACHINE_UNKNOWN] the cluster file has no machine "cp-9"', 'did you mean cp-'],
    [['cp-1', '/etc/hostnam'], 'error[PLAN_PATH_UNKNOWN] cp-1 gets no /etc/hostnam', 'did you mean /etc/hostname?'],
    [['cp-1', 'ignition.json'], 'error[PLAN_PATH_UNKNOWN]', 'keelway render cp-1 lists what it gets'],
  ])('refuses %j', async (operands, message, hint) => {
    const { exitCode, stdout, stderr } = await run('render', ...operands);
    expect({ exitCode, stdout }).toEqual({ exitCode: EXIT.invalidInput, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });
});

describe('keelway kubeconfig', () => {
  it('writes the same administrator every time, to its owner alone', async () => {
    const first = await run('kubeconfig');
    expect(first.stdout).toContain('server: "https://10.0.0.100:6443"');
    expect((await run('kubeconfig')).stdout).toBe(first.stdout);
    expect((await run('kubeconfig', '-o', 'admin.conf')).stderr).toContain('kubectl --kubeconfig admin.conf get nodes');
    expect(readFileSync(join(cwd, 'admin.conf'), 'utf8')).toBe(first.stdout);
    expect(statSync(join(cwd, 'admin.conf')).mode & 0o777).toBe(0o600);
  });

  it('names the endpoint for TLS when the server is reached another way', async () => {
    const { stdout } = await run('kubeconfig', '--server', 'https://127.0.0.1:7443');
    expect(stdout).toContain('server: "https://127.0.0.1:7443"\n    tls-server-name: "10.0.0.100"');
    expect((await run('kubeconfig', '--server', '127.0.0.1')).exitCode).toBe(EXIT.invalidInput);
  });
});

describe('keelway kubeconfig --super-admin', () => {
  const subjectOf = (kubeconfig: string): string => {
    const [, data = ''] = /client-certificate-data: "?([A-Za-z0-9+/=]+)/.exec(kubeconfig) ?? [];
    const args = ['x509', '-noout', '-subject', '-enddate', '-nameopt', 'RFC2253'];
    return execFileSync('openssl', args, { input: Buffer.from(data, 'base64'), encoding: 'utf8' });
  };

  it('is the superuser by a machine of its own, for an hour, and kept nowhere', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const { exitCode, stdout, stderr } = await run('kubeconfig', '--super-admin');
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toContain('server: "https://10.0.0.11:6443"');
    const [subject = '', end = ''] = subjectOf(stdout).split('\n');
    expect(subject).toMatch(
      /^subject=(O=system:masters,CN=kubernetes-super-admin|CN=kubernetes-super-admin,O=system:masters)$/,
    );
    const endSeconds = Date.parse(end.replace('notAfter=', '')) / 1000;
    expect(endSeconds - nowSeconds).toBeGreaterThanOrEqual(3600);
    expect(endSeconds - nowSeconds).toBeLessThan(3660);
    expect(stderr).toMatch(/^the superuser \(system:masters\) until \d{4}-.*Z: .*delete it after use$/m);
    expect((await run('kubeconfig', '--super-admin')).stdout).not.toBe(stdout);
    expect(readFileSync(join(cwd, 'secrets.yaml.leaves/_operator.json'), 'utf8')).not.toMatch(/super|masters/);
  });

  it('writes it to its owner alone, for as long as is asked, and never for more than a day', async () => {
    expect((await run('kubeconfig', '--super-admin', '--lifetime', '24h', '-o', 'super.conf')).exitCode).toBe(EXIT.ok);
    expect(statSync(join(cwd, 'super.conf')).mode & 0o777).toBe(0o600);
    // Again, as its life is short; but never in place of the operator's.
    expect((await run('kubeconfig', '--super-admin', '-o', 'super.conf')).exitCode).toBe(EXIT.ok);
    expect((await run('kubeconfig', '-o', 'super.conf')).stderr).toContain(
      'no kubeconfig that Keelway wrote for admin',
    );
    for (const lifetime of ['25h', '8760h', '1', '0s', '500ms', 'soon']) {
      const { exitCode, stderr } = await run('kubeconfig', '--super-admin', '--lifetime', lifetime);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: EXIT.invalidInput,
        stderr: expect.stringContaining('24h'),
      });
    }
    expect((await run('kubeconfig', '--lifetime', '1h')).stderr).toContain('add --super-admin');
  });
});

describe('pki.nodeSigner: offline', () => {
  const offline = (file: string): string => {
    const text = readFileSync(join(cwd, 'cluster.yaml'), 'utf8');
    writeFileSync(join(cwd, file), text.replace('\n  access:', '\n  pki: {nodeSigner: offline}\n  access:'));
    return file;
  };

  it('warns, with its place, and says what follows', async () => {
    const { stdout, stderr } = await run('validate', offline('offline.yaml'));
    expect(stderr).toContain('warning[PKI_NODE_SIGNER_OFFLINE] spec.pki.nodeSigner:');
    expect(stdout).toMatch(/^CA keys: none on any machine; .* you give the cluster its first permissions$/m);
    expect((await run('validate')).stdout).toMatch(/^CA keys: the node-signer's on cp-1, cp-2, cp-3, /m);
  });

  it('writes the objects, prints the steps in their order and the end of the certificates', async () => {
    const { stdout, stderr } = await run('build', offline('offline.yaml'), '-o', 'kept back');
    const steps = [...stderr.matchAll(/^ {2}(\d)\. (.*)$/gm)].map(([, number, step]) => `${number} ${step}`);
    expect(steps).toEqual([
      '1 start each machine with its seed.iso from kept back/machines/<name>, until https://10.0.0.11:6443/readyz answers',
      '2 keelway kubeconfig offline.yaml --super-admin -o super-admin.kubeconfig',
      expect.stringMatching(/^3 kubectl .* apply --server-side .* -f 'kept back\/objects\.yaml'$/),
      expect.stringMatching(
        /^4 kubectl .* label node cp-1 cp-2 cp-3 node-role\.kubernetes\.io\/control-plane= .*--overwrite$/,
      ),
      '5 rm super-admin.kubeconfig; keelway kubeconfig offline.yaml -o kubeconfig',
    ]);
    expect(stdout).toMatch(/^the first ends on \d{4}-\d\d-\d\d \(.*\): .*; kubelets do not renew theirs either$/m);
    const objects = readFileSync(join(cwd, 'kept back/objects.yaml'), 'utf8');
    expect(objects).toContain('name: "keelway:cluster-admins"');
    expect(objects).not.toContain('keelway:node-certificate-rotation');
    const { bootOrder } = JSON.parse(readFileSync(join(cwd, 'kept back/plan.json'), 'utf8'));
    expect(JSON.stringify(bootOrder)).toContain('and objects.yaml has been applied');
    expect(JSON.stringify(bootOrder)).not.toContain('bootstrap unit');
  });
});

describe('keelway secrets show', () => {
  it('shows when the kept certificates end', async () => {
    await run('build');
    const { stdout } = await run('secrets', 'show');
    expect(stdout).toMatch(/^ {2}cp-1 certificates +10 +ECDSA-P256 +until \d{4}-\d\d-\d\d +first [a-z-]+$/m);
    const { certificates } = JSON.parse((await run('secrets', 'show', '--output', 'json')).stdout);
    expect(certificates).toHaveLength(46);
    expect(certificates).toContainEqual({
      id: 'etcd-1/etcd-peer',
      authority: 'etcd-peer',
      keyAlgorithm: 'ECDSA-P256',
      notBeforeSeconds: expect.any(Number),
      notAfterSeconds: expect.any(Number),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('shows fingerprints that openssl shows, and no key', async () => {
    const { stdout } = await run('secrets', 'show', '--output', 'json');
    const ca = (await run('render', 'cp-1', '/etc/kubernetes/pki/ca.crt')).stdout;
    const line = execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], {
      input: ca,
      encoding: 'utf8',
    });
    expect(stdout).toContain(line.split('=')[1]?.trim().replaceAll(':', '').toLowerCase());
    expect((await run('secrets', 'show')).stdout).toMatch(/^ {2}kubernetes CA +signs +ECDSA-P256 +until \d{4}-/m);
    expect(stdout).not.toMatch(/PRIVATE|secretBase64|token/i);
  });
});

describe('keelway validate', () => {
  it('prints who reaches the virtual IP and what etcd survives', async () => {
    const { exitCode, stdout, stderr } = await run('validate');
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toMatch(/^who reaches the virtual IP 10\.0\.0\.100 \(bgp-mesh, onLink: arp\)$/m);
    expect(stdout).toMatch(/etcd-1, etcd-2; losing either one stops all writes until it is back$/m);
    expect(stderr).toContain('cluster.yaml is valid, with 1 warning');
  });

  it('prints the resolved cluster as JSON', async () => {
    const report = JSON.parse((await run('validate', '--output', 'json')).stdout);
    expect(report).toMatchObject({
      valid: true,
      issues: [{ code: 'ETCD_NO_FAULT_TOLERANCE' }],
      cluster: { name: 'ha', network: { podCidr: '10.244.0.0/16' } },
      quorum: { members: 2, tolerated: 0 },
    });
  });

  it('tells every finding with its place, to people and to programs', async () => {
    writeFileSync(
      join(cwd, 'bad.yaml'),
      readFileSync(join(cwd, 'cluster.yaml'), 'utf8').replace('10.0.0.11,', '10.0.0.311,'),
    );
    const text = await run('validate', 'bad.yaml');
    expect(text).toMatchObject({ exitCode: EXIT.invalidInput, stdout: '' });
    expect(text.stderr).toContain('error[SPEC_ADDRESS_INVALID] spec.machines[0].address:');
    expect(text.stderr).toMatch(/ --> bad\.yaml:32:\d+\n/);
    const json = await run('validate', 'bad.yaml', '--output', 'json');
    expect(JSON.parse(json.stdout).error).toMatchObject({
      code: 'SPEC_INVALID',
      issues: [{ severity: 'warning' }, { code: 'SPEC_ADDRESS_INVALID', position: { line: 32 } }],
    });
  });

  it('checks what the file names', async () => {
    const text = readFileSync(join(cwd, 'cluster.yaml'), 'utf8');
    writeFileSync(join(cwd, 'password.yaml'), text.replace('asn: 64500}', 'asn: 64500, passwordFile: bgp.txt}'));
    const missing = await run('validate', 'password.yaml');
    expect(missing).toMatchObject({
      exitCode: EXIT.localIo,
      stderr: expect.stringContaining('error[INPUT_UNREADABLE]'),
    });
    expect(missing.stderr).toMatch(/ --> password\.yaml:19:\d+\n/);
    writeFileSync(join(cwd, 'bgp.txt'), 'a:b');
    const wrong = await run('validate', 'password.yaml');
    expect(wrong).toMatchObject({
      exitCode: EXIT.invalidInput,
      stderr: expect.stringContaining('error[BGP_PASSWORD]'),
    });
    expect(wrong.stderr).not.toContain('a:b');
  });

  it('says that a file is not there', async () => {
    const { exitCode, stderr } = await run('validate', 'nothing.yaml');
    expect(exitCode).toBe(EXIT.invalidInput);
    expect(stderr).toContain('error[SPEC_NOT_FOUND] there is no cluster file nothing.yaml');
  });
});
