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

/** The quorum of 1 to 5 members, and of the cluster's own number when that is larger. */
export function quorumTable(members: number): readonly Quorum[] {
  const counts = [1, 2, 3, 4, 5, ...(members > 5 ? [members] : [])];
  return counts.map(quorumOf);
}

/** What happens to a cluster of this size when one member is lost. */
export function lossOfOne({ members, tolerated }: Quorum): string {
  if (members === 1) return 'losing it stops the cluster; losing its disk loses the cluster';
  if (tolerated === 0) return 'losing either one stops all writes until it is back';
  if (tolerated === 1) return 'losing one changes nothing; losing a second stops all writes';
  return `losing ${tolerated} changes nothing; losing one more stops all writes`;
}
