/** Reading the fields of a record (spec §4.2): in table order, of the right type, within their limits. */
import { FormatError } from '../base/errors.ts'
import type { Fields, Value } from './msgpack.ts'

const UNSIGNED_64_BYTES = 8

/**
 * Checks that the fields are a subset of `table`, in its order; fields named 'x.…' may follow and are skipped.
 * Throws `unknown-field`.
 */
export function checkFields(fields: Fields, table: readonly string[], offset: number, record: string): void {
  let next = 0
  for (const name of Object.keys(fields)) {
    const index = table.indexOf(name, next)
    if (index >= 0) next = index + 1
    else if (name.startsWith('x.')) next = table.length
    else
      throw new FormatError(
        'unknown-field',
        offset,
        `${record}: field ${JSON.stringify(name)} is unknown or out of order`,
      )
  }
}

/** One record's fields with the place that errors name. */
export class FieldReader {
  readonly fields: Fields
  readonly record: string
  readonly offset: number
  constructor(record: string, fields: Fields, table: readonly string[], offset: number) {
    checkFields(fields, table, offset, record)
    this.fields = fields
    this.record = record
    this.offset = offset
  }

  fail(name: string, what: string): never {
    throw new FormatError('bad-field', this.offset, `${this.record}.${name}: ${what}`)
  }

  /** A byte string of `min` to `max` bytes, or null where the field is absent. */
  optionalBytes(name: string, min: number, max: number): Uint8Array | null {
    const value = this.fields[name]
    if (value === undefined) return null
    if (!(value instanceof Uint8Array)) this.fail(name, 'not a byte string')
    if (value.length < min || value.length > max) this.fail(name, `${value.length} bytes`)
    return value
  }

  bytes(name: string, min: number, max: number): Uint8Array {
    return this.optionalBytes(name, min, max) ?? this.fail(name, 'missing')
  }

  /** An integer of `min` to `max`; `min` where the field is absent and `absentIsMin` says so. */
  uint(name: string, min: number, max: number): number {
    const value = this.fields[name]
    if (typeof value !== 'number' || value < min || value > max) this.fail(name, 'not a number in range')
    return value
  }

  /** A 64-bit integer as 8 bytes, little-endian; 0 where absent. */
  optionalUint64(name: string, max: number): number {
    const bytes = this.optionalBytes(name, UNSIGNED_64_BYTES, UNSIGNED_64_BYTES)
    if (bytes === null) return 0
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, UNSIGNED_64_BYTES).readBigUInt64LE()
    if (value === 0n) this.fail(name, 'zero is written by leaving the field out')
    if (value > BigInt(max)) this.fail(name, 'out of range')
    return Number(value)
  }

  optionalBoolean(name: string): boolean {
    const value = this.fields[name]
    if (value === undefined) return false
    if (value !== true) this.fail(name, 'false is written by leaving the field out')
    return true
  }

  /** Text of 1 to `max` UTF-8 bytes; empty where absent. */
  optionalText(name: string, max: number): string {
    const value = this.fields[name]
    if (value === undefined) return ''
    return this.#text(name, value, max)
  }

  /** A list of texts; empty where absent. */
  optionalTexts(name: string, countMax: number, max: number): string[] {
    const value = this.fields[name]
    if (value === undefined) return []
    if (!Array.isArray(value) || value.length === 0 || value.length > countMax) this.fail(name, 'not a list in range')
    return value.map((element) => this.#text(name, element, max))
  }

  #text(name: string, value: Value, max: number): string {
    if (typeof value !== 'string' || value.length === 0) this.fail(name, 'not a text')
    if (Buffer.byteLength(value) > max) this.fail(name, 'too long')
    return value
  }

  /** A nested map; null where absent. */
  optionalMap(name: string): Fields | null {
    const value = this.fields[name]
    if (value === undefined) return null
    if (typeof value !== 'object' || value instanceof Uint8Array || Array.isArray(value)) this.fail(name, 'not a map')
    return value
  }
}

/** A 64-bit integer as 8 bytes, little-endian. */
export function uint64(value: number): Uint8Array {
  const bytes = Buffer.alloc(UNSIGNED_64_BYTES)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** Collects the fields that are not default, in the order they are put. */
export class FieldWriter {
  readonly fields: Fields = {}
  put(name: string, value: Value | null): this {
    if (value !== null) this.fields[name] = value
    return this
  }
  putBytes(name: string, value: Uint8Array): this {
    return this.put(name, value.length === 0 ? null : value)
  }
  putText(name: string, value: string): this {
    return this.put(name, value === '' ? null : value)
  }
  putTexts(name: string, value: string[]): this {
    return this.put(name, value.length === 0 ? null : value)
  }
  putTrue(name: string, value: boolean): this {
    return this.put(name, value ? true : null)
  }
  putUint64(name: string, value: number): this {
    return this.put(name, value === 0 ? null : uint64(value))
  }
}
