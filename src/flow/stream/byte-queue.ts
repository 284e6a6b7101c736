/** Bytes from a source in the sizes that a parser asks for, whatever the sizes in which they come. */

/** Room to begin with where a parser asks for more than one chunk holds. */
const GATHER_BYTES = 65536

/**
 * Holds one chunk of the source at a time, and room for the bytes that were asked for last. That room grows as bytes
 * come, not as they are announced.
 */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #start = 0
  #room: Uint8Array = new Uint8Array(0)
  #isEnded = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next `count` bytes, or what is left of them where the source ends. Valid until the next call. */
  async take(count: number): Promise<Uint8Array> {
    if (this.#chunk.length - this.#start >= count) return this.#cut(count)
    let gathered = 0
    for (;;) {
      const part = this.#cut(Math.min(count - gathered, this.#chunk.length - this.#start))
      this.#reserve(gathered, gathered + part.length, count)
      this.#room.set(part, gathered)
      gathered += part.length
      if (gathered === count || !(await this.#fill())) return this.#room.subarray(0, gathered)
    }
  }

  /** Lets go of the source: a producer upstream learns that nobody reads on. */
  async close(): Promise<void> {
    this.#isEnded = true
    await this.#source.return?.()
  }

  /** Gets the next chunk in place of the one that is used up; false where there is none. */
  async #fill(): Promise<boolean> {
    while (!this.#isEnded) {
      const { done, value } = await this.#source.next()
      if (done === true) this.#isEnded = true
      else if (value.length > 0) {
        this.#chunk = value
        this.#start = 0
        return true
      }
    }
    return false
  }

  #cut(count: number): Uint8Array {
    const part = this.#chunk.subarray(this.#start, this.#start + count)
    this.#start += count
    return part
  }

  /** Makes room for `needed` bytes, of `count` in all; the first `used` ones stay. */
  #reserve(used: number, needed: number, count: number): void {
    if (needed <= this.#room.length) return
    const room = new Uint8Array(Math.min(count, Math.max(needed, 2 * this.#room.length, GATHER_BYTES)))
    room.set(this.#room.subarray(0, used))
    this.#room = room
  }
}
