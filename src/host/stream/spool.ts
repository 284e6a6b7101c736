/**
 * Byte strings put aside on disk, for what does not fit in memory: appended one behind the other, then read from the first on,
 * or one at a time.
 * The file has no name, so that nothing is left of it however the program ends.
 */
import { closeSync, readSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { openScratch } from './scratch.ts'
import { hostError } from './stdio.ts'

/** Bytes that are collected before they are written, and read at once. */
const BUFFER_BYTES = 64 * 1024
const LENGTH_BYTES = 4

/** Every method throws HostError. */
export class Spool {
  readonly #fd: number
  readonly #dir = Buffer.from(tmpdir())
  #pieces: Uint8Array[] = []
  #pieceBytes = 0
  #size = 0

  constructor() {
    this.#fd = openScratch()
  }

  /** Bytes that were appended. */
  get size(): number {
    return this.#size + this.#pieceBytes
  }

  /** Takes `bytes`, which must not be changed afterwards. */
  append(bytes: Uint8Array): void {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32LE(bytes.length)
    this.#pieces.push(length, bytes)
    this.#pieceBytes += LENGTH_BYTES + bytes.length
    if (this.#pieceBytes >= BUFFER_BYTES) this.#flush()
  }

  /** What was appended when the size was `offset`; it is the caller's. */
  at(offset: number): Uint8Array {
    this.#flush()
    const length = Buffer.from(this.#readAt(offset, LENGTH_BYTES).buffer).readUInt32LE()
    return this.#readAt(offset + LENGTH_BYTES, length)
  }

  /** What was appended, in order; each is the caller's. */
  *read(): Generator<Uint8Array> {
    this.#flush()
    let buffer = new Uint8Array(0)
    let offset = 0
    for (let at = 0; ; ) {
      const left = buffer.length - at
      const length = left < LENGTH_BYTES ? 0 : Buffer.from(buffer.buffer, buffer.byteOffset + at).readUInt32LE()
      if (left >= LENGTH_BYTES + length && left > 0) {
        yield new Uint8Array(buffer.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length))
        at += LENGTH_BYTES + length
        continue
      }
      if (left === 0 && offset === this.#size) return
      const more = this.#readAt(offset, Math.max(BUFFER_BYTES, LENGTH_BYTES + length))
      offset += more.length
      buffer = Buffer.concat([buffer.subarray(at), more])
      at = 0
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  #readAt(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.#size - offset))
    const count = this.#guard('read', () => readSync(this.#fd, bytes, 0, bytes.length, offset))
    if (count < bytes.length) throw hostError({ code: 'EIO' }, 'read', this.#dir)
    return bytes
  }

  #flush(): void {
    if (this.#pieceBytes === 0) return
    const bytes = Buffer.concat(this.#pieces)
    for (let done = 0; done < bytes.length; ) {
      const at = this.#size
      const count = this.#guard('write', () => writeSync(this.#fd, bytes, done, bytes.length - done, at))
      done += count
      this.#size += count
    }
    this.#pieces = []
    this.#pieceBytes = 0
  }

  #guard<T>(call: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw hostError(error, call, this.#dir)
    }
  }
}
