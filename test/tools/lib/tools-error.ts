/** A failure a person can act on; its message is one sentence that names the missing part and how to get it. */
export class ToolsError extends Error {
  readonly exitCode: number;

  /** @param exitCode - 2 wrong usage, 4 something is missing on this machine, 7 a build failed. */
  constructor(message: string, exitCode: 2 | 4 | 7, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
ToolsError.prototype.name = 'ToolsError';
