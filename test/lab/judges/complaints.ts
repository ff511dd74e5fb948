import type { Lab } from '../../../lib/lab/lab.ts';
import { EXPLAINED_ERRORS } from '../explained-errors.ts';
import { ask } from './ask.ts';

/** One line at error level. */
export interface Complaint {
  readonly machine: string;
  /** Program as the journal names it, or the container. */
  readonly program: string;
  readonly text: string;
}

/** klog, zap, logrus and slog, BIRD and HAProxy, each in its own way. */
const ERROR =
  '^[EF][0-9]{4} |"level":"(error|fatal|panic|dpanic)"|level=(error|ERROR|fatal|FATAL)|<(ERR|FATAL|BUG)>|^\\[ALERT\\]|^panic:';

/** Lines of the journal by priority or by their own words, then lines of the containers. */
const SCRIPT = `journalctl --quiet --no-pager --priority=err --output=json --output-fields=SYSLOG_IDENTIFIER,MESSAGE
journalctl --quiet --no-pager --output=json --output-fields=SYSLOG_IDENTIFIER,MESSAGE --grep "$ERROR"
find /var/log/pods -name '*.log' 2>/dev/null | while read -r file; do
  container=$(basename "$(dirname "$file")")
  sed -E 's/^[^ ]+ (stdout|stderr) [FP] //' "$file" | grep -E "$ERROR" | sed "s/^/$container: /" || :
done
`;

/** What programs and containers of a machine have said at error level since its last boot, each line once. */
export async function complaintsOf(lab: Lab, machine: string): Promise<readonly Complaint[]> {
  // A journal without a matching entry is an exit code of 1.
  const text = await ask(lab, machine, SCRIPT.replace(/^(journalctl.*)$/gm, '$1 || :'), {
    env: { ERROR },
    timeoutMs: 120_000,
  });
  const lines = [...new Set(text.split('\n').filter((line) => line !== ''))];
  return lines.map((line) => {
    if (!line.startsWith('{')) {
      const [program = '', ...rest] = line.split(': ');
      return { machine, program, text: rest.join(': ') };
    }
    const entry = JSON.parse(line) as { SYSLOG_IDENTIFIER?: string; MESSAGE?: string | number[] };
    const message = entry.MESSAGE ?? '';
    return {
      machine,
      program: entry.SYSLOG_IDENTIFIER ?? '',
      text: typeof message === 'string' ? message : String.fromCharCode(...message),
    };
  });
}

/** Those that are in no list. */
export function unexplained(complaints: readonly Complaint[]): readonly Complaint[] {
  return complaints.filter(
    ({ program, text }) => !EXPLAINED_ERRORS.some((each) => each.program.test(program) && each.text.test(text)),
  );
}
