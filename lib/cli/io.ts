/** What the program has beside its ports: the streams, the environment and the folder it was started in. */
export interface CliIo {
  /** Data: what a script reads. */
  stdout(text: string): void;
  /** Everything else. */
  stderr(text: string): void;
  /** Standard input, whole. */
  stdin(): Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths of the command line start here. */
  readonly cwd: string;
  /** True when a person looks at stderr. */
  readonly stderrIsTerminal: boolean;
}
