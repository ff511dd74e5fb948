import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodePorts } from '../../lib/node-ports.ts';
import { type CliResult, copyExample, runCli } from './run-cli.ts';

let cwd: string;
beforeEach(async () => {
  cwd = copyExample('single');
  expect((await run('secrets', 'create')).exitCode).toBe(0);
  execFileSync('git', ['init', '--quiet', cwd]);
});
afterEach(() => rmSync(cwd, { recursive: true }));

const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { cwd, env: { HOME: cwd } });
const ignore = (text: string): void => writeFileSync(join(cwd, '.gitignore'), text);
const warnings = ({ stderr }: CliResult): string[] => stderr.match(/^warning\[SECRETS_NOT_IGNORED\] .*$/gm) ?? [];

describe('keys in a Git work tree', () => {
  it('are warned of by build, with the lines that keep them out', async () => {
    const result = await run('build');
    expect(result.exitCode).toBe(0);
    expect(warnings(result).map((line) => / (\S+) holds keys/.exec(line)?.[1])).toEqual([
      'secrets.yaml',
      'secrets.yaml.leaves',
      'build/.single.generations',
    ]);
    const lines = [...result.stderr.matchAll(/add the line (\S+) to \.gitignore/g)].map(([, line]) => line);
    ignore(`${lines.join('\n')}\n`);
    expect(warnings(await run('build'))).toEqual([]);
    expect(execFileSync('git', ['status', '--porcelain', '-uall'], { cwd, encoding: 'utf8' })).not.toMatch(
      /secrets|generations/,
    );
  });

  it('are warned of by kubeconfig', async () => {
    ignore('secrets.yaml*\n');
    const result = await run('kubeconfig', '-o', 'admin.conf');
    expect(warnings(result)).toHaveLength(1);
    expect(result.stderr).toContain('add the line admin.conf to .gitignore');
    ignore('secrets.yaml*\nadmin.conf\n');
    expect(warnings(await run('kubeconfig', '-o', 'admin.conf'))).toEqual([]);
    expect(warnings(await run('kubeconfig'))).toEqual([]);
  });

  it('need no Git process to be found', async () => {
    const ports = nodePorts();
    const { main } = await import('../../lib/cli/main.ts');
    let stderr = '';
    const exitCode = await main(
      ['build'],
      { ...ports, exec: { run: (command) => Promise.reject(new Error(command)) } },
      {
        stdout: () => undefined,
        stderr: (text) => {
          stderr += text;
        },
        stdin: async () => new Uint8Array(),
        env: {},
        cwd,
        stderrIsTerminal: false,
      },
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('SECRETS_NOT_IGNORED') });
  });
});
