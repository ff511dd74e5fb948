import { beforeAll, describe, expect, it } from 'vitest';
import { kubelet } from '../../../lib/components/kubelet.ts';
import { kubeletCertificate } from '../../../lib/components/kubelet-certificate.ts';
import type { PkiBundle } from '../../../lib/pki/pki-bundle.ts';
import type { MachinePart } from '../../../lib/plan/machine-plan.ts';
import { referenceCluster, testContext } from '../plan/reference-cluster.ts';
import { issuedPki, onMachine } from './machine-root.ts';

const cluster = referenceCluster();
let pki: PkiBundle;
let parts: readonly MachinePart[];
let other: PkiBundle;

beforeAll(async () => {
  [pki, other] = await Promise.all([issuedPki(cluster), issuedPki(cluster)]);
  const context = { ...testContext('worker-1', cluster), pki };
  parts = [kubelet(context), kubeletCertificate(context)];
});

const STORE = '/var/lib/kubelet/pki';
const RUN = 'sh /etc/keelway/bin/kubelet-cert';
const SHOW = `cd ${STORE} && readlink kubelet-client-current.pem && stat -c '%a %U' kubelet-client-current.pem "$(readlink kubelet-client-current.pem)"
openssl x509 -in kubelet-client-current.pem -noout -serial`;

async function run(script: string) {
  const signer = pki.nodeSigner;
  if (signer === null) throw new Error('no node-signer');
  const { exitCode, stdout, stderr } = await onMachine(parts, `set -e\n${FUNCTIONS}\n${script}`, {
    files: {
      '/signer/own.crt': signer.certificatePem,
      '/signer/own.key': signer.keyPem,
      '/signer/other.crt': other.nodeSigner?.certificatePem ?? '',
      '/signer/other.key': other.nodeSigner?.keyPem ?? '',
    },
  });
  return { exitCode, output: stdout + stderr };
}

/** `rotated NAME SIGNER START END`: what the kubelet's rotation leaves; times as `date -d` reads them. */
const FUNCTIONS = `
seed_serial=$(openssl x509 -in /etc/kubernetes/pki/kubelet/client-seed.pem -noout -serial)
rotated() {
  mkdir -p ${STORE}
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=system:nodes/CN=$1" -keyout /k.pem -out /r.csr 2>/dev/null
  openssl x509 -req -in /r.csr -CA /signer/$2.crt -CAkey /signer/$2.key -set_serial 4711 -out /c.pem \\
    -not_before "$(date -u -d "$3" +%Y%m%d%H%M%SZ)" -not_after "$(date -u -d "$4" +%Y%m%d%H%M%SZ)" \\
    -extfile /ext.cnf 2>/dev/null
  cat /c.pem /k.pem >${STORE}/kubelet-client-2026-01-01-00-00-00.pem
  ln -sfn kubelet-client-2026-01-01-00-00-00.pem ${STORE}/kubelet-client-current.pem
}
printf 'extendedKeyUsage=clientAuth\\nkeyUsage=critical,digitalSignature\\n' >/ext.cnf
is_seed() {
  [ "$(openssl x509 -in ${STORE}/kubelet-client-current.pem -noout -serial)" = "$seed_serial" ] && echo IS-SEED
}
is_rotated() {
  openssl x509 -in ${STORE}/kubelet-client-current.pem -noout -serial | grep -q '=1267$' && echo IS-ROTATED
}
`;

describe('the first boot', () => {
  it('installs certificate and key in one file of its own, behind a link, for root only', async () => {
    const { exitCode, output } = await run(`${RUN}\n${SHOW}\nis_seed`);
    expect(output).toMatch(/^kubelet-client-\d{4}(-\d\d){5}\.pem$/m);
    expect(output).toContain('777 root\n600 root\n');
    expect(output).toContain('IS-SEED');
    expect(exitCode).toBe(0);
  });

  it('leaves no temporary file, and does nothing the second time', async () => {
    const { output } = await run(`${RUN}\n${RUN}\nls -A ${STORE} | wc -l`);
    expect(output).toContain('keeping the certificate that is there');
    expect(output).toMatch(/^2$/m);
  });
});

describe('a certificate that the kubelet rotated', () => {
  it('is kept when it is newer and good', async () => {
    const { output, exitCode } = await run(`rotated system:node:worker-1 own '-5 min' '+1 day'\n${RUN}\nis_rotated`);
    expect(output).toContain('IS-ROTATED');
    expect(exitCode).toBe(0);
  });

  it.each([
    ['older than the delivered one', "rotated system:node:worker-1 own '-3 days' '+1 day'"],
    ['expired', "rotated system:node:worker-1 own '-30 min' '-1 min'"],
    ['not valid yet', "rotated system:node:worker-1 own '+1 hour' '+1 day'"],
    ['of another node', "rotated system:node:worker-2 own '-5 min' '+1 day'"],
    ['from a CA that is no longer trusted', "rotated system:node:worker-1 other '-5 min' '+1 day'"],
    [
      'without its key',
      `rotated system:node:worker-1 own '-5 min' '+1 day'; cp /c.pem ${STORE}/kubelet-client-2026-01-01-00-00-00.pem`,
    ],
    [
      'cut off',
      `rotated system:node:worker-1 own '-5 min' '+1 day'; echo -n >${STORE}/kubelet-client-2026-01-01-00-00-00.pem`,
    ],
    ['gone behind its link', `rotated system:node:worker-1 own '-5 min' '+1 day'; rm ${STORE}/kubelet-client-2*.pem`],
    [
      'a file in place of the link',
      `rotated system:node:worker-1 own '-5 min' '+1 day'; cd ${STORE}; mv kubelet-client-2026-01-01-00-00-00.pem kubelet-client-current.pem`,
    ],
  ])('is replaced when it is %s', async (_, setup) => {
    const { output, exitCode } = await run(`${setup}\n${RUN}\ntest -L ${STORE}/kubelet-client-current.pem\nis_seed`);
    expect(output).toContain('IS-SEED');
    expect(exitCode).toBe(0);
  });
});

describe('a delivered certificate', () => {
  it('is refused when it is another node’s', async () => {
    const { output, exitCode } = await run(
      `sed -i s/node=system:node:worker-1/node=system:node:worker-9/ /etc/keelway/bin/kubelet-cert\n${RUN}`,
    );
    expect(output).toContain('is not a client certificate of system:node:worker-9 with its key');
    expect(exitCode).toBe(1);
  });

  it('that the API servers will not accept is installed with a warning: static pods need none', async () => {
    const { output, exitCode } = await run(`cp /signer/other.crt /etc/kubernetes/pki/client-ca.crt\n${RUN}\nis_seed`);
    expect(output).toContain('WARNING: the API servers will not accept the certificate');
    expect(exitCode).toBe(0);
  });
});
