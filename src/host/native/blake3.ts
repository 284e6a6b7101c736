/**
 * BLAKE3-256. The only importer of @napi-rs/blake-hash, loaded when it is first needed. Digests are taken over as text: for a
 * small file a buffer made by native code takes longer than the hashing, and twice as long as a string that is decoded here.
 */
import { arch, loadNative, platform, withVariable } from './late.ts'

type BlakeHash = typeof import('@napi-rs/blake-hash')
let module: BlakeHash | null = null

const NATIVE = `@napi-rs/blake-hash-${platform}-${arch}-gnu/blake.${platform}-${arch}-gnu.node`

function load(): BlakeHash {
  module ??= withVariable('MIMALLOC_ALLOW_LARGE_OS_PAGES', '0', loadBlake3)
  return module
}

/** The allocator in it would begin with a huge page, which may take the kernel longer to clear than all else takes. */
function loadBlake3(): BlakeHash {
  return loadNative(NATIVE, (require) => require('@napi-rs/blake-hash')) as BlakeHash
}

/** The BLAKE3-256 of bytes: 32 bytes. */
export function hashBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.from(load().blake3UrlSafeBase64(bytes), 'base64url')
}

/** Writes the first `length` bytes of the BLAKE3-256 of bytes to `out` from `at`. */
export function hashInto(out: Buffer, at: number, length: number, bytes: Uint8Array): void {
  const text = load().blake3UrlSafeBase64(bytes)
  const digit = (i: number): number => digits[text.charCodeAt(i)]!
  const end = at + length
  let i = 0
  let k = at
  for (; k + 2 < end; i += 4, k += 3) {
    const bits = (digit(i) << 18) | (digit(i + 1) << 12) | (digit(i + 2) << 6) | digit(i + 3)
    out[k] = bits >>> 16
    out[k + 1] = bits >>> 8
    out[k + 2] = bits
  }
  if (k < end) out[k] = (digit(i) << 2) | (digit(i + 1) >>> 4)
  if (k + 1 < end) out[k + 1] = (digit(i + 1) << 4) | (digit(i + 2) >>> 2)
}

/** What the digits of base64url stand for: for a short text, decoding here takes half of what a call takes. */
const digits = new Uint8Array(128)
for (const [value, code] of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_').entries())
  digits[code] = value

const found = Buffer.alloc(32)

/** True where 32 bytes are the BLAKE3-256 of bytes: for small contents by the hundred thousand. */
export function isHashOf(hash: Uint8Array, bytes: Uint8Array): boolean {
  hashInto(found, 0, found.length, bytes)
  return found.compare(hash) === 0
}

/** Hashes what comes in pieces. `finish()` gives the 32 bytes and starts anew. */
export type Hasher = {
  update(bytes: Uint8Array): void
  finish(): Uint8Array
}

/** A new incremental hasher. The bytes given to `update` are read at once, not kept. */
export function createHasher(): Hasher {
  const { Blake3Hasher } = load()
  const hasher = new Blake3Hasher()
  return {
    update(bytes) {
      hasher.update(bytes)
    },
    finish() {
      const id = Buffer.from(hasher.digest('base64'), 'base64')
      hasher.reset()
      return id
    },
  }
}
