/** A program that was started on a machine of the lab and goes on. */
export interface HostedProcess {
  /** As the host counts. */
  readonly pid: number;
  running(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended, with 128 + n when signal n ended it. Kills it when time is up. */
  result(timeoutMs: number): Promise<HostedResult>;
}

export interface HostedResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** True when it was killed because it did not end in time. */
  readonly timedOut: boolean;
}

export interface HostedOptions {
  /** Added to PATH, HOME and LANG; nothing else of our environment may be passed on. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The machines of a lab as places to run programs in: one network, UTS, PID and mount namespace each, no uplink.
 *
 * Every program runs as root, with every capability that the lab has; what a unit or pod must not have is taken away by the
 * command line that it is started with.
 */
export interface ProgramHost {
  /** Runs a program to its end. A failing program is an answer, not an exception. */
  run(
    machine: string,
    argv: readonly string[],
    options?: HostedOptions & { readonly input?: string; readonly timeoutMs?: number },
  ): Promise<HostedResult>;
  /**
   * Starts a program and leaves it running; `logs` gets its output as it comes. What it leaves behind when it ends is
   * killed, as systemd and containers do.
   */
  start(
    machine: string,
    argv: readonly string[],
    options?: HostedOptions & { readonly logs?: (text: string) => void },
  ): Promise<HostedProcess>;
  /** The path by which we reach a file of a machine. */
  hostPath(machine: string, path: string): string;
}
