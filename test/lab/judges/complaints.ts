import type { Lab } from '../../../lib/lab/lab.ts';
import { type Complaint, ERROR_LINE } from '../../support/complaints.ts';
import { ask } from './ask.ts';

export interface MachineComplaint extends Complaint {
  readonly source: 'journal' | 'container';
}

/** Lines of the journal by priority or by their own words, then lines of the containers: text, container, time. */
const SCRIPT = `journalctl --quiet --no-pager --priority=err --output=json --output-fields=SYSLOG_IDENTIFIER,MESSAGE || :
journalctl --quiet --no-pager --output=json --output-fields=SYSLOG_IDENTIFIER,MESSAGE --grep "$ERROR" || :
find /var/log/pods -name '*.log' 2>/dev/null | while read -r file; do
  container=$(basename "$(dirname "$file")")
  sed -E "s/^([^ ]+) (stdout|stderr) [FP] (.*)$/\\3\\t$container\\t\\1/" "$file" | grep -E "$ERROR" || :
done
`;

/** What programs and containers of a machine have said at error level since a moment, each line once. */
export async function complaintsOf(lab: Lab, machine: string, sinceMs: number): Promise<readonly MachineComplaint[]> {
  const text = await ask(lab, machine, SCRIPT, { env: { ERROR: ERROR_LINE }, timeoutMs: 120_000 });
  const lines = [...new Set(text.split('\n').filter((line) => line !== ''))];
  const found = lines.map(
    (line) => (line.startsWith('{"') ? ofJournal(machine, line) : null) ?? ofContainer(machine, line),
  );
  return found.filter(({ atMs }) => atMs >= sinceMs);
}

/** Null for a container's line that is JSON too. */
function ofJournal(machine: string, line: string): MachineComplaint | null {
  if (line.includes('\t')) return null;
  const entry = JSON.parse(line) as {
    SYSLOG_IDENTIFIER?: string;
    MESSAGE?: string | number[];
    __REALTIME_TIMESTAMP?: string;
  };
  if (entry.__REALTIME_TIMESTAMP === undefined)
    throw new Error(`${machine}: a line of the journal has no time: ${line}`);
  const message = entry.MESSAGE ?? '';
  return {
    source: 'journal',
    machine,
    program: entry.SYSLOG_IDENTIFIER ?? '',
    text: typeof message === 'string' ? message : Buffer.from(message).toString(),
    atMs: Number(entry.__REALTIME_TIMESTAMP) / 1000,
  };
}

function ofContainer(machine: string, line: string): MachineComplaint {
  const [time = '', program = '', ...text] = line.split('\t').reverse();
  const atMs = Date.parse(time);
  if (Number.isNaN(atMs)) throw new Error(`${machine}: a line of a container has no time: ${line}`);
  return { source: 'container', machine, program, text: text.reverse().join('\t'), atMs };
}
