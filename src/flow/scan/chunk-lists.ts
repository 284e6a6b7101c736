/** Chunk lists of contents while they are read (spec §7.5): where they are cut and what the chunks hash to, in one pass. */
import { createHasher, hashInto } from '../../host/native/blake3.ts'
import type { ContentTap } from '../../host/walk/hash-files.ts'
import { CHUNK_ID_BYTES, type ChunkList } from '../../tree/chunk-index.ts'
import { Chunker, type ChunkRule, chunkRuleFor } from '../../tree/chunker.ts'

/** Told of every chunk in order. The id is 16 bytes in a buffer that is used again. */
export type OnChunk = (length: number, id: Buffer) => void

/** Cuts bytes as they come and hashes the chunks. */
export type ChunkHasher = {
  /** The next bytes; they are read at once, not kept. */
  update(bytes: Uint8Array): void
  /** The bytes are at their end; the next ones are of another content. */
  finish(): void
}

export function createChunkHasher(rule: ChunkRule, onChunk: OnChunk): ChunkHasher {
  const chunker = new Chunker(rule)
  const id = Buffer.alloc(CHUNK_ID_BYTES)
  /** What is there of a chunk that began in earlier bytes. */
  const begun = createHasher()
  let begunLength = 0

  function endChunk(bytes: Uint8Array): void {
    const length = begunLength + bytes.length
    if (begunLength === 0) hashInto(id, 0, CHUNK_ID_BYTES, bytes)
    else {
      begun.update(bytes)
      id.set(begun.finish().subarray(0, CHUNK_ID_BYTES))
    }
    begunLength = 0
    onChunk(length, id)
  }

  return {
    update(bytes) {
      let start = 0
      for (;;) {
        const end = chunker.next(bytes, start, bytes.length)
        if (end === -1) break
        endChunk(bytes.subarray(start, end))
        start = end
      }
      if (start === bytes.length) return
      begun.update(bytes.subarray(start))
      begunLength += bytes.length - start
    },
    finish() {
      if (begunLength > 0) endChunk(bytesOfNone)
      chunker.reset()
    },
  }
}

const bytesOfNone = new Uint8Array(0)

/** Collects the list of one content. */
class ListBuilder {
  #ends = new Float64Array(64)
  #ids: Buffer = Buffer.alloc(64 * CHUNK_ID_BYTES)
  #count = 0
  #end = 0

  readonly add: OnChunk = (length, id) => {
    if (this.#count === this.#ends.length) this.#grow()
    this.#end += length
    this.#ends[this.#count] = this.#end
    this.#ids.set(id, this.#count * CHUNK_ID_BYTES)
    this.#count++
  }

  take(): ChunkList {
    const list = {
      ends: this.#ends.slice(0, this.#count),
      ids: new Uint8Array(this.#ids.subarray(0, this.#count * CHUNK_ID_BYTES)),
    }
    this.#count = 0
    this.#end = 0
    return list
  }

  #grow(): void {
    const ends = new Float64Array(this.#ends.length * 2)
    ends.set(this.#ends)
    this.#ends = ends
    this.#ids = Buffer.concat([this.#ids], this.#ids.length * 2)
  }
}

/** Files of fewer bytes are sent whole: naming their chunks would cost about as much. */
export const LISTED_SIZE_MIN = 2048

/** What a scan with chunk lists taps the contents with that it hashes. */
export function createChunkTap(): ContentTap {
  const builder = new ListBuilder()
  const hashers = new Map<number, ChunkHasher>()
  let hasher: ChunkHasher | null = null
  return {
    begin(size) {
      // A content that was not read to its end has left something behind.
      hasher?.finish()
      builder.take()
      hasher = null
      if (size < LISTED_SIZE_MIN) return
      const rule = chunkRuleFor(size)
      hasher = hashers.get(rule.averageBits) ?? createChunkHasher(rule, builder.add)
      hashers.set(rule.averageBits, hasher)
    },
    update(bytes) {
      hasher?.update(bytes)
    },
    finish() {
      if (hasher === null) return null
      hasher.finish()
      hasher = null
      return builder.take()
    },
  }
}
