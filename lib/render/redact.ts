import type { MachinePlan, PlannedFile } from '../plan/machine-plan.ts';

/** A plan whose secret files say only how long they are: what a person or a log may see. */
export function redactPlan(plan: MachinePlan): MachinePlan {
  return { ...plan, files: plan.files.map(redactFile) };
}

/** The file itself when it is no secret. */
export function redactFile(file: PlannedFile): PlannedFile {
  return file.secret ? { ...file, contents: `[redacted: ${Buffer.byteLength(file.contents)} bytes]\n` } : file;
}
