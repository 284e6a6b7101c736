/**
 * Literals that come squeezed (spec §7.4.1): parts that are zstd frames, each with a dictionary that is read from files of
 * the target. Memory: one part, its dictionary and its frame, all of bounded length.
 */
import { Limits } from '../../base/constants.ts'
import type { CopyRange, Squeeze } from '../../model/item.ts'
import { isTrained, unsqueeze } from '../native/zstd.ts'

/** Gives a range's bytes piece by piece; false where they cannot be had. */
export type ReadRange = (range: CopyRange, use: (bytes: Uint8Array) => void) => boolean

export class SqueezedParts {
  readonly #squeezes: readonly Squeeze[]
  readonly #read: ReadRange
  #next = 0
  #frame = new Uint8Array(0)
  #filled = 0

  constructor(squeezes: readonly Squeeze[], read: ReadRange) {
    this.#squeezes = squeezes
    this.#read = read
  }

  /**
   * Takes the next bytes of the parts.
   * @param use is given the literal bytes of a part that is complete; says whether they fit
   * @returns false where a part and the files do not fit each other: those are not what they were
   */
  take(bytes: Uint8Array, use: (literal: Uint8Array) => boolean): boolean {
    for (let rest = bytes; rest.length > 0; ) {
      const squeeze = this.#squeezes[this.#next]
      if (squeeze === undefined) return false
      if (this.#filled === 0) this.#frame = new Uint8Array(squeeze.bytes)
      const part = rest.subarray(0, squeeze.bytes - this.#filled)
      this.#frame.set(part, this.#filled)
      this.#filled += part.length
      rest = rest.subarray(part.length)
      if (this.#filled < squeeze.bytes) continue
      this.#next++
      this.#filled = 0
      const literal = this.#expand(squeeze)
      if (literal === null || !use(literal)) return false
    }
    return true
  }

  #expand({ ranges }: Squeeze): Uint8Array | null {
    const dictionary = new Uint8Array(ranges.reduce((sum, { length }) => sum + length, 0))
    let filled = 0
    for (const range of ranges) {
      const isRead = this.#read(range, (bytes) => {
        dictionary.set(bytes, filled)
        filled += bytes.length
      })
      if (!isRead) return null
    }
    return isTrained(dictionary) ? null : unsqueeze(this.#frame, dictionary, Limits.squeezeBytesMax)
  }
}
