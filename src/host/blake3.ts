/**
 * BLAKE3-256. The only importer of @napi-rs/blake-hash, loaded when it is first needed. Digests are taken over as text: for a
 * small file a buffer made by native code takes longer than the hashing, and twice as long as a string that is decoded here.
 */
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'

type BlakeHash = typeof import('@napi-rs/blake-hash')
let module: BlakeHash | null = null

function load(): BlakeHash {
  module ??= loadNative()
  return module
}

/** The native part by itself where it is the usual one: the package's own search for it takes longer than a small scan. */
function loadNative(): BlakeHash {
  const require = createRequire(import.meta.url)
  try {
    return createRequire(require.resolve('@napi-rs/blake-hash'))(
      `@napi-rs/blake-hash-${platform()}-${arch()}-gnu`,
    ) as BlakeHash
  } catch {
    return require('@napi-rs/blake-hash') as BlakeHash
  }
}

/** The BLAKE3-256 of bytes: 32 bytes. */
export function hashBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.from(load().blake3UrlSafeBase64(bytes), 'base64url')
}

/** Writes the first `length` bytes of the BLAKE3-256 of bytes to `out` from `at`. */
export function hashInto(out: Buffer, at: number, length: number, bytes: Uint8Array): void {
  out.write(load().blake3UrlSafeBase64(bytes), at, length, 'base64url')
}

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
