/** The three numbers of `x.y.z`. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

const VERSION = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/;

/**
 * Reads `1.36.4`; no leading `v`, no leading zeros, no suffix.
 *
 * @returns Null when the text is not such a version.
 */
export function parseVersion(text: string): Version | null {
  const match = VERSION.exec(text);
  if (match === null) return null;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/**
 * Negative when `a` is older than `b`, 0 when equal, positive when newer.
 *
 * @throws RangeError for a text that {@link parseVersion} refuses; a resolved model holds none.
 */
export function compareVersions(a: string, b: string): number {
  const left = required(a);
  const right = required(b);
  return left.major - right.major || left.minor - right.minor || left.patch - right.patch;
}

/** True when `version` is `floor` or newer: `atLeast(cluster.versions.kubernetes, '1.36.0')`. */
export function atLeast(version: string, floor: string): boolean {
  return compareVersions(version, floor) >= 0;
}

/** `1.36` of `1.36.4`. */
export function minorOf(version: string): string {
  const { major, minor } = required(version);
  return `${major}.${minor}`;
}

function required(text: string): Version {
  const version = parseVersion(text);
  if (version === null) throw new RangeError(`not a version of the form x.y.z: ${JSON.stringify(text)}`);
  return version;
}
