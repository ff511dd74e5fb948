import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** The program as users run it. */
export const PROGRAM: string = join(REPOSITORY, 'dist/cli.js');

/** The reference topology with more workers: `machines` in all. */
export function largeClusterFile(text: string, machines: number): string {
  const present = text.split('\n').filter((line) => line.includes('role: ')).length;
  const lines = Array.from({ length: machines - present }, (_, index) => {
    const [block, host] = [1 + Math.floor(index / 250), 1 + (index % 250)];
    const mac = `52:54:00:0b:${hex(block)}:${hex(host)}`;
    return `    - {name: worker-${index + 4}, role: worker, address: 10.0.${block}.${host}, mac: ${mac}}`;
  });
  return `${text.trimEnd().replace('nodeSubnet: 10.0.0.0/24', 'nodeSubnet: 10.0.0.0/16')}\n${lines.join('\n')}\n`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** A folder with a cluster file, and a home and a temporary folder of its own for the programs run there. */
export function clusterFolder(scratch: string, name: string, clusterFile: string): string {
  const folder = join(scratch, name);
  for (const each of ['', 'home', 'tmp']) mkdirSync(join(folder, each), { recursive: true });
  writeFileSync(join(folder, 'cluster.yaml'), clusterFile);
  return folder;
}

export function exampleFile(name: string): string {
  return join(REPOSITORY, 'examples', name, 'cluster.yaml');
}

export function environmentOf(folder: string): Record<string, string> {
  return { HOME: join(folder, 'home'), TMPDIR: join(folder, 'tmp'), PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' };
}
