/**
 * The part of the Ignition configuration, spec 3.4.0, that Keelway writes. Modes are plain numbers (0600 is 384).
 *
 * @see https://coreos.github.io/ignition/configuration-v3_4/
 */
export interface IgnitionConfig {
  readonly ignition: { readonly version: '3.4.0' };
  readonly passwd?: { readonly users: readonly IgnitionUser[] };
  readonly storage: {
    readonly directories: readonly IgnitionDirectory[];
    readonly files: readonly IgnitionFile[];
    readonly links: readonly IgnitionLink[];
  };
  readonly systemd: { readonly units: readonly IgnitionUnit[] };
}

export interface IgnitionUser {
  readonly name: string;
  readonly system?: true;
  readonly noCreateHome?: true;
  readonly homeDir?: string;
  readonly shell: string;
  readonly groups?: readonly string[];
  readonly sshAuthorizedKeys?: readonly string[];
}

/** By number for root, which is known everywhere. */
export type IgnitionAccount = { readonly id: 0 } | { readonly name: string };

/** Absent: root for what is new, and what it was for what is there. */
interface Owned {
  readonly user?: IgnitionAccount;
  readonly group?: IgnitionAccount;
}

export interface IgnitionDirectory extends Owned {
  readonly path: string;
  readonly mode: number;
}

export interface IgnitionFile extends Owned {
  readonly path: string;
  readonly overwrite: true;
  readonly mode: number;
  readonly contents: {
    readonly source: string;
    /** Written out, so that a configuration merged over this one cannot change how the contents are read. */
    readonly compression: '';
    readonly verification?: { readonly hash: string };
  };
}

export interface IgnitionLink extends Owned {
  readonly path: string;
  readonly overwrite: true;
  readonly target: string;
}

export interface IgnitionUnit {
  readonly name: string;
  readonly enabled?: boolean;
  readonly mask?: true;
  readonly contents?: string;
  readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
}
