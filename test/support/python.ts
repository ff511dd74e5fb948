import { execFileSync } from 'node:child_process';

/**
 * Runs a Python expression over values, as an oracle of another making: `python('ipaddress.ip_address(x).packed', xs)`.
 *
 * @param expression - Python, with `x` for one value; gives something that JSON can hold, or raises, which gives null.
 */
export function python<Result>(expression: string, values: readonly unknown[]): readonly (Result | null)[] {
  const program = `
import ipaddress, json, sys
def one(x):
    try:
        return ${expression}
    except Exception:
        return None
json.dump([one(x) for x in json.load(sys.stdin)], sys.stdout)
`;
  let output: string;
  try {
    output = execFileSync('python3', ['-c', program], { input: JSON.stringify(values), encoding: 'utf8' });
  } catch (error) {
    throw new Error('this test compares with Python: install python3 (Debian: apt-get install python3)', {
      cause: error,
    });
  }
  return JSON.parse(output) as readonly (Result | null)[];
}
