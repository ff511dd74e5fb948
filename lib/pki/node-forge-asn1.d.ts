/** The part of node-forge that Keelway loads; @types/node-forge describes only the whole package. */
declare module 'node-forge/lib/asn1.js' {
  /** Contents are binary strings: one character a byte. */
  interface Asn1Node {
    readonly tagClass: number;
    readonly type: number;
    readonly constructed: boolean;
    readonly value: string | readonly Asn1Node[];
  }

  interface Asn1 {
    create(tagClass: number, type: number, constructed: boolean, value: string | readonly Asn1Node[]): Asn1Node;
    toDer(node: Asn1Node): { getBytes(): string };
    fromDer(
      bytes: string,
      options: { strict: boolean; parseAllBytes: boolean; decodeBitStrings: boolean; maxDepth?: number },
    ): Asn1Node;
    oidToDer(dotted: string): { getBytes(): string };
    dateToUtcTime(date: Date): string;
    dateToGeneralizedTime(date: Date): string;
  }

  const asn1: Asn1;
  export = asn1;
}
