/** A power cut takes all of a machine: its processes, whatever started them, and the answers of its network. */
import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestLab, type TestLab } from './test-lab.ts';

let up: TestLab;
beforeAll(async () => {
  up = await startTestLab('single', { wait: false });
});
afterAll(async () => await up?.stop());

/** Processes of the host that are in a PID namespace. */
function processesIn(namespace: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
    } catch {
      return false;
    }
  });
}

async function answers(address: string): Promise<boolean> {
  return (await up.lab.run('neighbour', ['ping', '-c', '1', '-W', '1', address])).exitCode === 0;
}

describe('a power cut', () => {
  it.each([
    ['node-1', '10.0.0.11', 'systemd-networkd'],
    ['router', '10.0.0.1', 'bird'],
  ])('of %s', async (machine, address, program) => {
    await expect.poll(async () => await answers(address), { timeout: 60_000 }).toBe(true);
    expect((await up.lab.run(machine, ['pidof', program])).exitCode).toBe(0);
    const namespace = readlinkSync(`/proc/${up.lab.leader(machine)}/ns/pid`);
    expect(processesIn(namespace).length).toBeGreaterThan(1);
    await up.lab.kill(machine);
    expect(up.lab.isOn(machine)).toBe(false);
    // The last one may still wait to be reaped.
    await expect.poll(() => processesIn(namespace), { timeout: 10_000 }).toEqual([]);
    expect(await answers(address)).toBe(false);
    await up.lab.start(machine);
    await expect.poll(async () => await answers(address), { timeout: 60_000 }).toBe(true);
    expect((await up.lab.run(machine, ['pidof', program])).exitCode).toBe(0);
  });
});
