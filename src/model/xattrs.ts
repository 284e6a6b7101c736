/**
 * Extended attributes of one entry as one byte string (spec §5.5): for each, ascending by name, the name's length
 * (u16, little-endian), the name, the value's length (u32, little-endian), the value. Equal sets have equal bytes.
 */
import { compareBytes } from './path.ts'

export type Xattr = { name: Uint8Array; value: Uint8Array }

/** The byte string of a set in any order; empty for an empty set. */
export function encodeXattrs(set: Xattr[]): Uint8Array {
  if (set.length === 0) return new Uint8Array(0)
  const sorted = set.toSorted((a, b) => compareBytes(a.name, b.name))
  const bytes = Buffer.alloc(sorted.reduce((sum, { name, value }) => sum + 6 + name.length + value.length, 0))
  let at = 0
  for (const { name, value } of sorted) {
    at = bytes.writeUInt16LE(name.length, at)
    bytes.set(name, at)
    at = bytes.writeUInt32LE(value.length, at + name.length)
    bytes.set(value, at)
    at += value.length
  }
  return bytes
}

/** The set of a byte string that checkXattrs accepts; names and values are views. */
export function decodeXattrs(bytes: Uint8Array): Xattr[] {
  const set: Xattr[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 2 + view.getUint16(at, true)
    const valueEnd = nameEnd + 4 + view.getUint32(nameEnd, true)
    set.push({ name: bytes.subarray(at + 2, nameEnd), value: bytes.subarray(nameEnd + 4, valueEnd) })
    at = valueEnd
  }
  return set
}

/** True for a byte string that is whole, its names not empty, without NUL, and strictly ascending. */
export function checkXattrs(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let previous: Uint8Array | null = null
  for (let at = 0; at < bytes.length; ) {
    if (at + 2 > bytes.length) return false
    const nameEnd = at + 2 + view.getUint16(at, true)
    if (nameEnd + 4 > bytes.length) return false
    const name = bytes.subarray(at + 2, nameEnd)
    if (name.length === 0 || name.includes(0) || (previous !== null && compareBytes(previous, name) >= 0)) return false
    at = nameEnd + 4 + view.getUint32(nameEnd, true)
    if (at > bytes.length) return false
    previous = name
  }
  return true
}

const TRUSTED = Buffer.from('trusted.')

/** The set without the attributes of the trusted namespace. */
export function withoutTrusted(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0 || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(TRUSTED)) return bytes
  return encodeXattrs(decodeXattrs(bytes).filter(({ name }) => !isTrusted(name)))
}

const CAPABILITY = Buffer.from('security.capability')

/** The set without a file's capabilities, which every chown(2) drops (capabilities(7)). */
export function withoutCapability(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0 || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(CAPABILITY))
    return bytes
  return encodeXattrs(decodeXattrs(bytes).filter(({ name }) => compareBytes(name, CAPABILITY) !== 0))
}

function isTrusted(name: Uint8Array): boolean {
  return compareBytes(name.subarray(0, TRUSTED.length), TRUSTED) === 0
}

/** The set with the attributes of the trusted namespace that another set has, and no others of it. */
export function withTrustedOf(bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const trusted = decodeXattrs(other).filter(({ name }) => isTrusted(name))
  const own = withoutTrusted(bytes)
  return trusted.length === 0 ? own : encodeXattrs([...decodeXattrs(own), ...trusted])
}
