/// <reference path="./node-forge-asn1.d.ts" />
import asn1 from 'node-forge/lib/asn1.js';

/**
 * One ASN.1 value of node-forge. Byte contents are binary strings: one character a byte.
 *
 * Written out, so that the package's type declarations ask for none of node-forge.
 */
export interface DerNode {
  readonly tagClass: number;
  readonly type: number;
  readonly constructed: boolean;
  readonly value: string | readonly DerNode[];
}

/** Identifier octets of the universal types that certificates use. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const CLASS_BITS = 0xc0;
const CONSTRUCTED_BIT = 0x20;
/** 2050-01-01T00:00:00Z; RFC 5280 section 4.1.2.5 wants GeneralizedTime from here on. */
const GENERALIZED_TIME_FROM_SECONDS = 2_524_608_000;

/** A value whose contents are given as bytes. The tag may be constructed: the contents are then DER already. */
export function primitive(tag: number, contents: string): DerNode {
  return asn1.create(tag & CLASS_BITS, tag & ~CLASS_BITS, false, contents);
}

export function constructed(tag: number, children: readonly DerNode[]): DerNode {
  return asn1.create(tag & CLASS_BITS, tag & ~(CLASS_BITS | CONSTRUCTED_BIT), true, children);
}

export function sequence(...children: readonly DerNode[]): DerNode {
  return constructed(Tag.sequence, children);
}

/** The same value with its contents encoded once: for parts that many certificates share. */
export function frozen(node: DerNode): DerNode {
  if (typeof node.value === 'string') return node;
  return primitive(node.tagClass | node.type | CONSTRUCTED_BIT, node.value.map(encodeBinary).join(''));
}

/** A value that is DER already, of which only the outermost header is read. */
export function encoded(der: Uint8Array): DerNode {
  const lengthOctet = der[1] ?? 0;
  const headerBytes = lengthOctet < 0x80 ? 2 : 2 + (lengthOctet & 0x7f);
  return primitive(der[0] ?? 0, binary(der.subarray(headerBytes)));
}

export function objectIdentifier(dotted: string): DerNode {
  return primitive(Tag.objectIdentifier, asn1.oidToDer(dotted).getBytes());
}

/** Unsigned big-endian bytes as a positive INTEGER: a zero byte is put before a set top bit. */
export function unsignedInteger(bytes: Uint8Array): DerNode {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const trimmed = binary(bytes.subarray(start));
  return primitive(Tag.integer, trimmed === '' || trimmed.charCodeAt(0) >= 0x80 ? `\0${trimmed}` : trimmed);
}

/** UTCTime until 2049, GeneralizedTime from 2050. */
export function time(unixSeconds: number): DerNode {
  const date = new Date(unixSeconds * 1000);
  return unixSeconds < GENERALIZED_TIME_FROM_SECONDS
    ? primitive(Tag.utcTime, asn1.dateToUtcTime(date))
    : primitive(Tag.generalizedTime, asn1.dateToGeneralizedTime(date));
}

export function utf8String(text: string): DerNode {
  return primitive(Tag.utf8String, Buffer.from(text, 'utf8').toString('latin1'));
}

/** Whole bytes as a BIT STRING without unused bits. */
export function bitString(bytes: string): DerNode {
  return primitive(Tag.bitString, `\0${bytes}`);
}

export function encode(node: DerNode): Buffer {
  return Buffer.from(encodeBinary(node), 'latin1');
}

export function encodeBinary(node: DerNode): string {
  return asn1.toDer(node).getBytes();
}

/** Strict DER, every byte used. Throws node-forge's error on anything else. */
export function decode(bytes: Uint8Array): DerNode {
  return asn1.fromDer(binary(bytes), { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth: 32 });
}

export function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
