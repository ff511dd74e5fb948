/** What a number of etcd members means. */
export interface Quorum {
  readonly members: number;
  /** Members that must be alive to write. */
  readonly quorum: number;
  /** Members that may fail while writes go on. */
  readonly tolerated: number;
}

/** `quorumOf(3)`: two of three must live, one may fail. */
export function quorumOf(members: number): Quorum {
  const quorum = Math.floor(members / 2) + 1;
  return { members, quorum, tolerated: Math.max(0, members - quorum) };
}
