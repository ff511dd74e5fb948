import { type ErrorCode, KeelwayError } from '../errors.ts';

/** What is being read and how its faults are told; values are never quoted, for they may be keys. */
export interface RecordSource {
  readonly path: string;
  readonly code: ErrorCode;
  readonly hint: string;
}

/**
 * Reads one mapping of a foreign document strictly: every key is asked for once, the right type or an error with its
 * place (`authorities.etcd[0].key`).
 */
export class RecordReader {
  readonly #source: RecordSource;
  readonly #place: string;
  readonly #members: Map<string, unknown>;

  constructor(value: unknown, source: RecordSource, place = '') {
    this.#source = source;
    this.#place = place;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.error(place === '' ? 'the document' : place, 'is not a mapping');
    }
    this.#members = new Map(Object.entries(value));
  }

  string(key: string, pattern: RegExp, what: string): string {
    const value = this.#take(key);
    if (typeof value !== 'string' || !pattern.test(value)) throw this.error(this.placeOf(key), `is not ${what}`);
    return value;
  }

  optionalString(key: string, pattern: RegExp, what: string): string | null {
    return this.#members.has(key) ? this.string(key, pattern, what) : null;
  }

  integer(key: string): number {
    const value = this.#take(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw this.error(this.placeOf(key), 'is not an integer');
    return value;
  }

  strings(key: string): readonly string[] {
    const value = this.#take(key);
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw this.error(this.placeOf(key), 'is not a list of strings');
    }
    return value;
  }

  record(key: string): RecordReader {
    return new RecordReader(this.#take(key), this.#source, this.placeOf(key));
  }

  optionalRecord(key: string): RecordReader | null {
    return this.#members.has(key) ? this.record(key) : null;
  }

  records(key: string): readonly RecordReader[] {
    const value = this.#take(key);
    if (!Array.isArray(value)) throw this.error(this.placeOf(key), 'is not a list');
    return value.map((item, index) => new RecordReader(item, this.#source, `${this.placeOf(key)}[${index}]`));
  }

  /** Refuses what nobody asked for. */
  end(): void {
    const [unknown] = this.#members.keys();
    if (unknown !== undefined) throw this.error(this.placeOf(unknown), 'is not known to this version of Keelway');
  }

  placeOf(key: string): string {
    const name = /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
    return this.#place === '' ? name : `${this.#place}.${name}`;
  }

  error(place: string, problem: string): KeelwayError {
    const { code, path, hint } = this.#source;
    return new KeelwayError({ code, message: `${path}: ${place} ${problem}`, hint });
  }

  #take(key: string): unknown {
    if (!this.#members.has(key)) throw this.error(this.placeOf(key), 'is missing');
    const value = this.#members.get(key);
    this.#members.delete(key);
    return value;
  }
}
