import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sshKeyProblem } from '../../../../lib/spec/schema/ssh-key.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelway-ssh-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function generate(type: string, bits: string): { publicKey: string; privateKey: string } {
  const file = join(folder, `${type}-${bits}`);
  try {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-C', 'ops@example.com', '-f', file]);
  } catch (error) {
    throw new Error('this test needs ssh-keygen: apt-get install openssh-client', { cause: error });
  }
  return { publicKey: readFileSync(`${file}.pub`, 'utf8').trim(), privateKey: readFileSync(file, 'utf8') };
}

/** What OpenSSH itself says of a line of authorized_keys. */
function acceptedByOpenSsh(line: string): boolean {
  return spawnSync('ssh-keygen', ['-l', '-f', '-'], { input: `${line}\n` }).status === 0;
}

describe('sshKeyProblem', () => {
  it.each([
    ['ed25519', '256'],
    ['ecdsa', '256'],
    ['ecdsa', '384'],
    ['ecdsa', '521'],
    ['rsa', '2048'],
    ['rsa', '4096'],
  ])(
    'takes the public half of an %s key of %s bits, and refuses the private one without repeating it',
    (type, bits) => {
      const { publicKey, privateKey } = generate(type, bits);
      expect(acceptedByOpenSsh(publicKey)).toBe(true);
      expect(sshKeyProblem(publicKey)).toBeNull();
      expect(sshKeyProblem(publicKey.split(' ').slice(0, 2).join(' '))).toBeNull();
      const problem = sshKeyProblem(privateKey);
      expect(problem?.code).toBe('SPEC_SECRET');
      expect(JSON.stringify(problem)).not.toContain(privateKey.split('\n')[1]);
    },
  );

  it('refuses what OpenSSH refuses', () => {
    const { publicKey } = generate('ed25519', '255');
    const [type = '', body = '', comment = ''] = publicKey.split(' ');
    const damaged = [
      '',
      'hello',
      body,
      `${type} ${body.slice(4)} ${comment}`,
      `${type} ${body.replace('AAAAC3', 'AAAAD3')} ${comment}`,
      `ssh-rsa ${body} ${comment}`,
      `${type} ${body.slice(0, 20)} ${comment}`,
      `${type}`,
    ];
    for (const line of damaged) {
      expect(acceptedByOpenSsh(line), line).toBe(false);
      expect(sshKeyProblem(line)?.code, line).toBe('SPEC_SSH_KEY_INVALID');
    }
  });

  it('refuses lines that would become two, or hide something', () => {
    const { publicKey } = generate('ed25519', '254');
    for (const line of [
      `${publicKey}\n`,
      `${publicKey}\ncommand="x" ${publicKey}`,
      ` ${publicKey}`,
      `${publicKey}\u0000`,
    ]) {
      expect(sshKeyProblem(line)?.code).toBe('SPEC_SSH_KEY_INVALID');
    }
  });
});
