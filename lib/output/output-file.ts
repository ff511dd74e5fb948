/** One file of the output, before it is written. */
export interface OutputFile {
  /** Relative to the output folder, `/`-separated. */
  readonly path: string;
  readonly contents: Uint8Array | string;
  /** Holds secret material: 0600. Everything else is 0644 inside folders of mode 0700. */
  readonly secret: boolean;
}

export function outputMode(file: OutputFile): number {
  return file.secret ? 0o600 : 0o644;
}
