/**
 * Content-defined chunks (spec §7.5): where a file is cut depends on the 32 bytes before the cut, so that an insert moves the cuts
 * with the bytes and leaves all other chunks as they were. Gear hash with two masks around the wanted length (after FastCDC,
 * Xia et al., USENIX ATC 2016). Pure: it is fed bytes and says where chunks end; whoever calls it hashes them.
 */
import { Limits } from '../base/constants.ts'

/** How a file is cut. Files are comparable where they were cut by the same rule. */
export type ChunkRule = {
  /** Binary logarithm of the wanted length; all else follows from it. */
  averageBits: number
  lengthMin: number
  /** Up to this length a cut is 4 times less likely than on average, beyond it 4 times more. */
  lengthNormal: number
  lengthMax: number
  /** A cut is behind a byte after which the hash has all bits of the mask clear. */
  strictMask: number
  looseMask: number
}

/** Chunks of a quarter of a kilobyte at least: smaller ones would cost more to name than to send. */
const BITS_MIN = 8
/** Bytes that a hash of 32 bits remembers: each step shifts one out. */
const WINDOW = 32

/**
 * The rule for a file of `size` bytes. The wanted length grows with the root of the size, as the cost of naming chunks and
 * the cost of sending a chunk for a changed byte do: 256 bytes up to 4 MB, 2 KiB for 64 MB, 16 KiB for 1 GB.
 */
export function chunkRuleFor(size: number): ChunkRule {
  const sizeBits = Math.floor(Math.log2(Math.max(size, 1)))
  // From 2^28 bytes on it grows with the size, so that no list of chunks is longer than a record may be.
  const sparseBits = sizeBits + 2 - Math.log2(Limits.chunksMax)
  return chunkRule(Math.max(BITS_MIN, Math.floor(sizeBits / 2) - 2, sparseBits))
}

/** The rule with a wanted length of 2^averageBits bytes. */
export function chunkRule(averageBits: number): ChunkRule {
  const average = 2 ** averageBits
  return {
    averageBits,
    lengthMin: average / 2,
    lengthNormal: average,
    lengthMax: average * 4,
    strictMask: topBits(averageBits + 2),
    looseMask: topBits(averageBits - 2),
  }
}

/** The uppermost bits: those that most bytes of the window have a part in. */
function topBits(count: number): number {
  return count >= 32 ? -1 : ~(2 ** (32 - count) - 1)
}

/** Whether the low byte of a word comes first in memory, as on every machine that Node is made for but one. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Cuts one stream of bytes after the other. */
export class Chunker {
  readonly #rule: ChunkRule
  readonly #rolling: Rolling = { hash: 0, isCut: false }
  /** Bytes of the chunk that was begun. */
  #length = 0
  #bytes: Uint8Array | null = null
  #words: Int32Array | null = null

  constructor(rule: ChunkRule) {
    this.#rule = rule
  }

  /** Bytes since the last cut. */
  get length(): number {
    return this.#length
  }

  /** Forgets what was begun: the next byte is the first of a file. */
  reset(): void {
    this.#rolling.hash = 0
    this.#length = 0
  }

  /**
   * Goes on with bytes[start, end), which follow what it was given before.
   * @returns the offset behind the cut, from which to go on; -1 where the chunk does not end in the range
   */
  next(bytes: Uint8Array, start: number, end: number): number {
    const { lengthMin, lengthNormal, lengthMax, strictMask, looseMask } = this.#rule
    if (bytes !== this.#bytes) this.#lookAt(bytes)
    const skipped = Math.min(end - start, Math.max(0, lengthMin - WINDOW - this.#length))
    this.#length += skipped
    const warm = this.#warmUp(bytes, start + skipped, Math.min(end, start + skipped + lengthMin - this.#length))
    const strict = this.#scan(bytes, warm, end, lengthNormal, strictMask)
    if (this.#rolling.isCut) return this.#endChunk(strict)
    const loose = this.#scan(bytes, strict, end, lengthMax, looseMask)
    return this.#rolling.isCut || this.#length === lengthMax ? this.#endChunk(loose) : -1
  }

  /** Fills the window before the shortest chunk could end: whether a byte is cut behind depends on nothing but the window. */
  #warmUp(bytes: Uint8Array, from: number, to: number): number {
    if (from >= to) return from
    gear.warmUp(this.#rolling, bytes, from, to)
    this.#length += to - from
    return to
  }

  #endChunk(at: number): number {
    this.reset()
    return at
  }

  #lookAt(bytes: Uint8Array): void {
    this.#bytes = bytes
    const isAligned = isLittleEndian && bytes.byteOffset % 4 === 0
    this.#words = isAligned ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2) : null
  }

  /** Hashes bytes from `from` until a cut, until the chunk has `lengthEnd` bytes, or to `end`; returns where it stopped. */
  #scan(bytes: Uint8Array, from: number, end: number, lengthEnd: number, mask: number): number {
    this.#rolling.isCut = false
    const to = Math.min(end, from + lengthEnd - this.#length)
    if (from >= to) return from
    const at = gear.scan(this.#rolling, bytes, this.#words, from, to, mask)
    this.#length += at - from
    return at
  }
}

/** The hash of the bytes so far, and whether a cut is behind them. */
type Rolling = { hash: number; isCut: boolean }

/**
 * The loops over all bytes. In a closure that is made once the compiler takes the table for a constant and checks no access to
 * it, which saves a quarter of the time.
 */
const gear = createGear()

function createGear() {
  /** What each byte value adds to the hash: fixed for ever, for chunks of two snapshots are compared. */
  const table = Int32Array.from({ length: 256 }, (_, byte) => mix(byte + 1))

  function warmUp(rolling: Rolling, bytes: Uint8Array, from: number, to: number): void {
    let { hash } = rolling
    for (let at = from; at < to; at++) hash = ((hash << 1) + table[bytes[at]!]!) | 0
    rolling.hash = hash
  }

  /** Stops behind a cut, or at `to`. `words`, where there are any, are the bytes by fours: twice as quick as byte by byte. */
  function scan(
    rolling: Rolling,
    bytes: Uint8Array,
    words: Int32Array | null,
    from: number,
    to: number,
    mask: number,
  ): number {
    let hash = rolling.hash
    let at = from
    const wordsStart = words === null ? to : Math.min(to, (from + 3) & ~3)
    for (; at < wordsStart; at++) {
      hash = ((hash << 1) + table[bytes[at]!]!) | 0
      if ((hash & mask) === 0) return stop(rolling, at + 1, hash, true)
    }
    if (words === null) return stop(rolling, to, hash, false)
    const wordsEnd = to >>> 2
    for (let w = at >>> 2; w < wordsEnd; w++) {
      const word = words[w]!
      hash = ((hash << 1) + table[word & 0xff]!) | 0
      if ((hash & mask) === 0) return stop(rolling, w * 4 + 1, hash, true)
      hash = ((hash << 1) + table[(word >>> 8) & 0xff]!) | 0
      if ((hash & mask) === 0) return stop(rolling, w * 4 + 2, hash, true)
      hash = ((hash << 1) + table[(word >>> 16) & 0xff]!) | 0
      if ((hash & mask) === 0) return stop(rolling, w * 4 + 3, hash, true)
      hash = ((hash << 1) + table[word >>> 24]!) | 0
      if ((hash & mask) === 0) return stop(rolling, w * 4 + 4, hash, true)
    }
    at = Math.max(at, wordsEnd * 4)
    for (; at < to; at++) {
      hash = ((hash << 1) + table[bytes[at]!]!) | 0
      if ((hash & mask) === 0) return stop(rolling, at + 1, hash, true)
    }
    return stop(rolling, to, hash, false)
  }

  return { warmUp, scan }
}

function stop(rolling: Rolling, at: number, hash: number, isCut: boolean): number {
  rolling.hash = hash
  rolling.isCut = isCut
  return at
}

/** A number whose bits depend on all bits of n: the finaliser of MurmurHash3 after a multiplication with 2^32 / golden ratio. */
function mix(n: number): number {
  let h = Math.imul(n, 0x9e3779b9)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
