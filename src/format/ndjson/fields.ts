/** Reading the fields of a JSON object strictly (spec appendix A): of the right type, in range, and none left over. */
import type { FormatCode } from '../../base/constants.ts'
import { LineError } from '../../base/errors.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { decodeByteString, decodeHex, isUnicode } from './values.ts'

/** A JSON object of a line with the place that errors name. Each accessor takes its field; `done` refuses the rest. */
export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #taken: string[] = []
  readonly line: number
  /** Where the object lies in the line, such as `row.after`. */
  readonly place: string

  constructor(value: unknown, place: string, line: number) {
    this.line = line
    this.place = place
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new LineError('bad-field', line, `${place} is not an object`)
    }
    this.#fields = value as Readonly<Record<string, unknown>>
  }

  fail(code: FormatCode, name: string, what: string): never {
    throw new LineError(code, this.line, `${this.place}.${name} ${what}`)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name)
  }

  /** The field's value, or undefined where it is absent; null is no way to leave a field out. */
  take(name: string): unknown {
    if (!this.has(name)) return undefined
    this.#taken.push(name)
    return this.#fields[name]
  }

  required(name: string): unknown {
    return this.take(name) ?? this.fail('bad-field', name, this.has(name) ? 'is null' : 'is missing')
  }

  /** A nested object; null where absent. */
  optionalObject(name: string): JsonFields | null {
    const value = this.take(name)
    return value === undefined ? null : new JsonFields(value, `${this.place}.${name}`, this.line)
  }

  /** A text; null where absent. */
  optionalText(name: string): string | null {
    const value = this.take(name)
    if (value === undefined) return null
    if (typeof value !== 'string' || !isUnicode(value)) this.fail('bad-field', name, 'is not a text')
    return value
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.fail('bad-field', name, 'is missing')
  }

  /** A word's index among `words`; null where absent. */
  optionalWord(name: string, words: readonly string[]): number | null {
    const word = this.optionalText(name)
    if (word === null) return null
    const index = words.indexOf(word)
    if (index < 0) this.fail('bad-value', name, `is ${JSON.stringify(word)}, not one of ${words.join(', ')}`)
    return index
  }

  /** An integer of 0 to `max`; null where absent. */
  optionalUint(name: string, max: number): number | null {
    const value = this.take(name)
    if (value === undefined) return null
    if (typeof value !== 'number' || !Number.isInteger(value)) this.fail('bad-field', name, 'is not an integer')
    if (value < 0 || value > max) this.fail('bad-value', name, `is not within 0 to ${max}`)
    return value + 0
  }

  uint(name: string, max: number): number {
    return this.optionalUint(name, max) ?? this.fail('bad-field', name, 'is missing')
  }

  /** True or false; null where absent. */
  optionalBoolean(name: string): boolean | null {
    const value = this.take(name)
    if (value !== undefined && typeof value !== 'boolean') this.fail('bad-field', name, 'is not true or false')
    return value ?? null
  }

  /** An array; null where absent. */
  optionalList(name: string): readonly unknown[] | null {
    const value = this.take(name)
    if (value !== undefined && !Array.isArray(value)) this.fail('bad-field', name, 'is not an array')
    return value ?? null
  }

  /** A byte string; null where absent. */
  optionalBytes(name: string): Uint8Array | null {
    const value = this.take(name)
    return value === undefined ? null : this.bytesOf(name, value)
  }

  bytes(name: string): Uint8Array {
    return this.bytesOf(name, this.required(name))
  }

  /** The bytes of a value that belongs to the field `name`. */
  bytesOf(name: string, value: unknown): Uint8Array {
    return decodeByteString(value) ?? this.fail('bad-field', name, 'is not a text, {"hex"} or {"base64"}')
  }

  /** A value that `parse` reads from a text, such as a time; null where absent. */
  optionalParsed<T>(name: string, parse: (text: string) => T | null, what: string): T | null {
    const text = this.optionalText(name)
    return text === null
      ? null
      : (parse(text) ?? this.fail('bad-value', name, `is ${JSON.stringify(text)}, not ${what}`))
  }

  /** An id in hexadecimal of `length` bytes, not all zero; empty where absent. */
  optionalId(name: string, length: number): Uint8Array {
    const id = this.optionalParsed(name, decodeHex, 'hexadecimal')
    if (id === null) return EMPTY
    if (id.length !== length) this.fail('bad-field', name, `has ${id.length} bytes, not ${length}`)
    if (id.every((byte) => byte === 0)) this.fail('bad-value', name, 'is all zero')
    return id
  }

  id(name: string, length: number): Uint8Array {
    const id = this.optionalId(name, length)
    return id.length > 0 ? id : this.fail('bad-field', name, 'is missing')
  }

  /** Refuses fields that nobody took, as `bad-attribute` where they are among `known`, else as `unknown-field`. */
  done(known: readonly string[]): void {
    const names = Object.keys(this.#fields)
    if (names.length === this.#taken.length) return
    const name = names.find((candidate) => !this.#taken.includes(candidate))!
    if (known.includes(name)) this.fail('bad-attribute', name, 'does not go with the kind of the entry')
    this.fail('unknown-field', name, 'is unknown')
  }
}
