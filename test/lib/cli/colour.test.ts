import { describe, expect, it } from 'vitest';
import { errorLabel, wantsColour } from '../../../lib/cli/colour.ts';
import type { CliIo } from '../../../lib/cli/io.ts';

function io(env: CliIo['env'], stderrIsTerminal = true): CliIo {
  const nothing = (): void => undefined;
  return { stdout: nothing, stderr: nothing, stdin: async () => new Uint8Array(), env, cwd: '/', stderrIsTerminal };
}

describe('wantsColour', () => {
  it('colours for a person only, and not against their wish', () => {
    expect(wantsColour(io({}))).toBe(true);
    expect(wantsColour(io({ NO_COLOR: '' }))).toBe(true);
    expect(wantsColour(io({ NO_COLOR: '1' }))).toBe(false);
    expect(wantsColour(io({ TERM: 'dumb' }))).toBe(false);
    expect(wantsColour(io({}, false))).toBe(false);
  });

  it('leaves the label readable either way', () => {
    expect(errorLabel('X', io({}, false))).toBe('error[X]');
    expect(errorLabel('X', io({}))).toContain('error[X]');
  });
});
