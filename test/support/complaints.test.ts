import { describe, expect, it } from 'vitest';
import { type Complaint, ERROR_LINE, quietFor, type StartTimes, unexplained } from './complaints.ts';

const start: StartTimes = { poweredOnMs: 0, apiReadyMs: 20_000, upMs: 40_000 };

function complaint(text: string, seconds: number, program = 'kube-scheduler'): Complaint {
  return { machine: 'cp-1', program, text, atMs: seconds * 1000 };
}

function isExplained(each: Complaint): boolean {
  return unexplained([each], 'machines', start).length === 0;
}

const REFUSED = 'E1 r.go:1] "Failed to watch" err="dial tcp 127.0.0.1:6443: connect: connection refused"';
const FORBIDDEN = 'E1 r.go:1] err="nodes is forbidden: User \\"system:kube-scheduler\\" cannot list resource"';
const UNKNOWN_CA = 'E1 r.go:1] err="connection refused: x509: certificate signed by unknown authority"';

describe('lines at error level', () => {
  it.each([
    ['E1125 22:17:22.023882       1 repairip.go:383] no', true],
    ['F1125 22:17:22.023882       1 main.go:1] no', true],
    ['{"level":"fatal","msg":"no"}', true],
    ['time="x" level=error msg=no', true],
    ['panic: no', true],
    ['W1125 22:17:22.023882       1 main.go:1] no', false],
    ['{"level":"warn","msg":"error"}', false],
  ])('%s: %s', (line, isOne) => {
    expect(new RegExp(ERROR_LINE).test(line)).toBe(isOne);
  });

  it('are excused while the machines come up, whoever writes them, and not afterwards', () => {
    expect(isExplained(complaint(REFUSED, 10, 'a-new-program'))).toBe(true);
    expect(isExplained(complaint(REFUSED, 71))).toBe(false);
    expect(isExplained(complaint('E1 x.go:1] "cannot think"', 10))).toBe(false);
  });

  it('of an API server are excused until it is ready, whatever its hooks find', () => {
    const stale = 'E1126 00:46:06.572850       1 controller.go:95] Found stale data, removed previous endpoints';
    expect(isExplained(complaint(stale, 49, 'kube-apiserver'))).toBe(true);
    expect(isExplained(complaint(stale, 51, 'kube-apiserver'))).toBe(false);
    expect(isExplained(complaint(stale, 10, 'kube-proxy'))).toBe(false);
    const denied = 'E1126 00:46:06.572850       1 x.go:1] open /etc/kubernetes/x: permission denied';
    expect(isExplained(complaint(denied, 10, 'kube-apiserver'))).toBe(false);
  });

  it('about permissions are excused until the roles are there', () => {
    expect(isExplained(complaint(FORBIDDEN, 49))).toBe(true);
    expect(isExplained(complaint(FORBIDDEN, 51))).toBe(false);
  });

  it('about certificates, files and flags are excused never, and neither is a fatal one', () => {
    for (const text of [
      UNKNOWN_CA,
      'E1 x.go:1] open /etc/x: no such file or directory, not found',
      'F1125 x.go:1] connection refused',
      '{"level":"fatal","msg":"connection refused"}',
    ]) {
      expect(isExplained(complaint(text, 10)), text).toBe(false);
    }
  });

  it('of a busy host are excused when they stop', () => {
    const late = complaint('E1 x.go:1] err="context deadline exceeded"', 300);
    expect(isExplained(late)).toBe(true);
    expect(quietFor([late], 'machines', start, 310_000)).toBe(10_000);
    const always = complaint('E1 options.go:9] The manifest file is empty, ignoring', 305);
    expect(quietFor([always], 'machines', start, 310_000)).toBe(270_000);
  });

  it('of the lab of machines are not excused in the lab of programs', () => {
    const line = complaint('E1 k.go:1] failed to apply oom score -999 to PID 1', 500, 'kubelet');
    expect(unexplained([line], 'machines', start)).toEqual([]);
    expect(unexplained([line], 'programs', start)).toEqual([line]);
  });
});
