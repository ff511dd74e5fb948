import type { MachinePlan, PlannedFile } from '../plan/machine-plan.ts';

/** A plan whose secret files say only how long they are: what a person or a log may see. */
export function redactPlan(plan: MachinePlan): MachinePlan {
  return { ...plan, files: plan.files.map(redactFile) };
}

/** The file itself when it is no secret. */
export function redactFile(file: PlannedFile): PlannedFile {
  if (!file.secret) return file;
  return { ...file, contents: `[redacted: ${new TextEncoder().encode(file.contents).length} bytes]\n` };
}
