/** NUL-terminated strings for libc calls: an arena of a few slots that are used in turn. */
import { assert } from '../../base/assert.ts'
import { type Address, addressOf } from './libc.ts'

/** A call takes at most two strings; four leave room for a caller that prepares one early. */
const SLOTS = 4
/** PATH_MAX with its NUL (limits.h). The kernel takes no longer string: it answers ENAMETOOLONG to PATH_MAX bytes without a NUL. */
const SLOT_BYTES = 4096 + 8

const arena = new Uint8Array(SLOTS * SLOT_BYTES)
let arenaAddress: Address = 0
let slot = 0

/**
 * The address of `bytes` followed by NUL. It stays valid until this function or `rangeAddress` was called four times more.
 * A string that no call could take is cut to PATH_MAX bytes, so that the kernel answers ENAMETOOLONG.
 */
export function nameAddress(bytes: Uint8Array): Address {
  return rangeAddress(bytes, 0, bytes.length)
}

/** The same for a range of a heap. */
export function rangeAddress(heap: Uint8Array, start: number, end: number): Address {
  if (arenaAddress === 0) arenaAddress = addressOf(arena)
  slot = slot + 1 === SLOTS ? 0 : slot + 1
  const base = slot * SLOT_BYTES
  const length = Math.min(end - start, 4096)
  let to = base
  for (let i = start; i < start + length; i++) {
    const byte = heap[i]!
    assert(byte !== 0, 'a name has no NUL')
    arena[to++] = byte
  }
  arena[to] = 0
  return arenaAddress + base
}
