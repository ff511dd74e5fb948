/** Where one DER value stands in bytes; `tag` is its identifier octet. */
export interface DerSpan {
  readonly tag: number;
  readonly start: number;
  readonly contents: number;
  readonly end: number;
}

/**
 * The values side by side in `from` to `end`, of which only the headers are read: for what OpenSSL has parsed already,
 * where a tree of every value costs more than the signatures made with it.
 *
 * @throws RangeError when a value does not end where it may.
 */
export function derSpans(bytes: Uint8Array, from = 0, end: number = bytes.length): readonly DerSpan[] {
  const spans: DerSpan[] = [];
  for (let start = from; start < end; start = spans.at(-1)?.end ?? end) {
    let contents = start + 2;
    let length = bytes[start + 1] ?? 0;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      length = 0;
      for (const octet of bytes.subarray(contents, contents + octets)) length = length * 256 + octet;
      contents += octets;
    }
    if (contents + length > end) throw new RangeError(`DER value at ${start} ends beyond ${end}`);
    spans.push({ tag: bytes[start] ?? 0, start, contents, end: contents + length });
  }
  return spans;
}

/** The values inside a constructed one; none without one. */
export function spansInside(bytes: Uint8Array, span: DerSpan | undefined): readonly DerSpan[] {
  return span === undefined ? [] : derSpans(bytes, span.contents, span.end);
}
