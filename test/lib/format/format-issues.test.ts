import { describe, expect, it } from 'vitest';
import { countIssues, formatIssues } from '../../../lib/format/format-issues.ts';
import { findingsOf } from '../../support/findings.ts';

const file = `apiVersion: keelway.dev/v1alpha1
kind: Cluster
metadata:
  name: x
spec:
  versions: {kubernetes: 1.36.4, etcd: 3.6.16}
  network: {nodeSubnet: 10.0.0.0/24, nameservers: [10.0.0.1], timeServers: [10.0.0.1]}
  controlPlane: {endpoint: "10.0.0.11:6443", schedulable: true}
  access: {sshAuthorizedKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO4IQucLhMufsh43eF3yX6Xr9VMSHXnZbEv87mV09APP]}
  machines:
    - name: m
      role: control-plane
      dataDisk: {serial: D}
      mac: 52:54:00:0a:00:0b
      address: 10.0.0.11
`;

describe('formatIssues', () => {
  it('shows code, path, place, line, caret and hint', () => {
    const issues = findingsOf(file.replace('address: 10.0.0.11', 'address: 10.0.0.311')).filter(
      ({ code }) => code === 'SPEC_ADDRESS_INVALID',
    );
    expect(formatIssues(issues)).toBe(
      [
        'error[SPEC_ADDRESS_INVALID] spec.machines[0].address: 10.0.0.311 is not an IPv4 address',
        '  --> cluster.yaml:15:16',
        '   |',
        '15|       address: 10.0.0.311',
        '   |                ^ write four numbers from 0 to 255',
        '',
      ].join('\n'),
    );
  });

  it('puts the caret under the value in a long line, which is cut', () => {
    const long = file.replace('mac: 52', `labels: {${'a'.repeat(300)}: x, b: "-bad-"}\n      mac: 52`);
    for (const text of formatIssues(findingsOf(long)).split(/^(?=error)/m)) {
      const [, , , line = '', caret = ''] = text.split('\n');
      if (!text.includes('LABEL')) continue;
      const column = caret.indexOf('^') - 1;
      expect(line.length).toBeLessThan(140);
      expect(line.slice(column, column + 1)).toMatch(/[ab]/);
    }
  });

  it('makes control characters visible and keeps columns', () => {
    const issues = findingsOf(file.replace('name: m\n', 'name: "m\u001b[31m\u200b"\n'));
    const issue = issues.find(({ code }) => code === 'SPEC_NAME_INVALID');
    expect(issue?.position?.excerpt).toBe('    - name: "m\u241b[31m\ufffd"');
    expect(formatIssues(issue === undefined ? [] : [issue])).not.toMatch(/[\u001b\u200b]/);
  });

  it('colours on request only', () => {
    const issues = findingsOf('x: 1\n');
    expect(formatIssues(issues)).not.toContain('\u001b[');
    expect(formatIssues(issues, { colour: true })).toContain('\u001b[1;31merror[SPEC_FIELD_MISSING]\u001b[0m');
  });

  it('never quotes secrets', () => {
    const texts = [
      file.replace(
        'sshAuthorizedKeys: [',
        'sshAuthorizedKeys: ["-----BEGIN OPENSSH PRIVATE KEY----- c2VjcmV0c2VjcmV0c2VjcmV0", ',
      ),
      file.replace(
        '  access:',
        '  gitops: {repository: "https://me:c2VjcmV0@x.example.com/a", path: BAD/../x, branch: a..b}\n  access:',
      ),
      file.replace('schedulable: true', 'schedulable: maybe, password: c2VjcmV0'),
      file.replace('schedulable: true', 'schedulable: maybe, apiToken: "c2VjcmV0"'),
    ];
    for (const text of texts) {
      const issues = findingsOf(text);
      expect(issues.length).toBeGreaterThan(0);
      expect(formatIssues(issues) + JSON.stringify(issues)).not.toContain('c2VjcmV0');
    }
  });

  it('prints findings without a place, and nothing for none', () => {
    const issue = { severity: 'warning', code: 'X', path: [], message: 'm', hint: 'h' } as const;
    expect(formatIssues([issue])).toBe('warning[X] $: m\n  h\n');
    expect(formatIssues([])).toBe('');
  });
});

describe('countIssues', () => {
  it('counts', () => {
    expect(countIssues([])).toBe('');
    expect(countIssues(findingsOf(file))).toBe('1 warning');
    expect(countIssues(findingsOf('x: 1\ny: 1\n'))).toBe('6 errors');
  });
});
