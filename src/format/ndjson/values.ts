/** Values as JSON and back (spec appendix A): byte strings, ids, modes, devices, inode numbers, attributes, holes. */
import { isUtf8 } from '../../model/escape.ts'
import { decodeHoles, encodeHoles, type Hole } from '../../model/holes.ts'
import { decodeXattrs } from '../../model/xattrs.ts'

/** A byte string: a text where it is valid UTF-8, else its bytes in hexadecimal. Contents are in base64. */
export type ByteString = string | { hex: string } | { base64: string }

export function encodeByteString(bytes: Uint8Array): ByteString {
  return isUtf8(bytes) ? bufferOf(bytes).toString('utf8') : { hex: encodeHex(bytes) }
}

/** The bytes of any of the three forms; null where it is none of them. */
export function decodeByteString(value: unknown): Uint8Array | null {
  if (typeof value === 'string') return isUnicode(value) ? Buffer.from(value) : null
  if (typeof value !== 'object' || value === null) return null
  const [form, ...more] = Object.entries(value)
  if (form === undefined || more.length > 0 || typeof form[1] !== 'string') return null
  if (form[0] === 'hex') return decodeHex(form[1])
  return form[0] === 'base64' ? decodeBase64(form[1]) : null
}

/** False where a text has half a surrogate pair, which no bytes mean. */
export function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

export function encodeHex(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('hex')
}

/** Bytes in hexadecimal, lower or upper case; null where it is none. */
export function decodeHex(text: string): Uint8Array | null {
  return text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text) ? Buffer.from(text, 'hex') : null
}

export function encodeBase64(bytes: Uint8Array): { base64: string } {
  return { base64: bufferOf(bytes).toString('base64') }
}

/** Base64 of RFC 4648 §4, padded; null where it is none or not canonical. */
function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

/** Permission bits in octal, such as `0644`. */
export function encodeMode(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

export function decodeMode(text: string): number | null {
  return /^[0-7]{1,5}$/.test(text) && Number.parseInt(text, 8) <= 0o7777 ? Number.parseInt(text, 8) : null
}

/** A device number as `major:minor`. */
export function encodeDevice(major: number, minor: number): string {
  return `${major}:${minor}`
}

export function decodeDevice(text: string): { major: number; minor: number } | null {
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(text)
  if (match === null) return null
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major <= 0xffff_ffff && minor <= 0xffff_ffff ? { major, minor } : null
}

/** An inode number: a number up to 2^53 - 1, beyond it a text. */
export function encodeIno(ino: bigint): number | string {
  return ino <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ino) : String(ino)
}

/** An inode number given in either form; null where it is none. */
export function decodeIno(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : null
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return null
  const ino = BigInt(value)
  return ino < 1n << 64n ? ino : null
}

/** Extended attributes as pairs of name and value. */
export function encodeXattrPairs(xattrs: Uint8Array): [ByteString, ByteString][] {
  return decodeXattrs(xattrs).map(({ name, value }) => [encodeByteString(name), encodeByteString(value)])
}

/** Holes as pairs of offset and length. */
export function encodeHolePairs(holes: Uint8Array): [number, number][] {
  return decodeHoles(holes).map(({ offset, length }) => [offset, length])
}

/** The holes of such pairs; null where one is none. */
export function decodeHolePairs(pairs: readonly unknown[]): Uint8Array | null {
  const holes: Hole[] = []
  for (const pair of pairs) {
    const [offset, length, ...more]: unknown[] = Array.isArray(pair) ? pair : []
    if (!isSize(offset) || !isSize(length) || more.length > 0) return null
    holes.push({ offset, length })
  }
  return encodeHoles(holes)
}

/** True for an integer of 0 to 2^53 - 1. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
