import { readFileSync } from 'node:fs';

/**
 * How much longer than on a machine with its processors to itself something may take on this one: one, and the share of the
 * time since then in which something waited for a processor. At most two; two where the kernel does not tell.
 *
 * @see https://docs.kernel.org/accounting/psi.html
 */
export function pressureSince(): () => number {
  const before = waitedUs();
  const startMs = performance.now();
  return () => {
    const now = waitedUs();
    if (before === null || now === null) return 2;
    return 1 + Math.min(1, (now - before) / 1000 / Math.max(1, performance.now() - startMs));
  };
}

function waitedUs(): number | null {
  try {
    const total = /^some .*total=(\d+)$/m.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1];
    return total === undefined ? null : Number(total);
  } catch {
    return null;
  }
}
