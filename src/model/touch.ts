/**
 * A touch (spec §7.8): regular files of which the modification time alone changes, told by the time that they have and not by
 * their names. Who has the tree knows which they are.
 */
import type { Time } from './time.ts'

/** The feature that a header names where a touch may follow it (spec §10). */
export const TOUCH = 'touch'

/** A file with the time `before` gets the time `after`. */
export type TimePair = { before: Time; after: Time }

export type Touch = {
  /** Files that are touched. */
  fileCount: number
  /** Which files they are, whichever of their two times they have (32 bytes). */
  digest: Uint8Array
  /** Ascending by the time before; no time occurs twice. */
  pairs: TimePair[]
}

/** Negative where `a` is the earlier time, 0 for the same. */
export function compareTimes(a: Time, b: Time): number {
  return a.sec - b.sec || a.nsec - b.nsec
}

/** True where the pairs ascend by their time before, and all their times are different. */
export function isTouchOrder(pairs: readonly TimePair[]): boolean {
  for (let k = 1; k < pairs.length; k++) if (compareTimes(pairs[k - 1]!.before, pairs[k]!.before) >= 0) return false
  return new TimeTable(pairs).size === 2 * pairs.length
}

/** The touch of the inverse: each file gets back the time that it had. */
export function invertTouch(touch: Touch): Touch {
  const pairs = touch.pairs.map(({ before, after }) => ({ before: after, after: before }))
  return { ...touch, pairs: pairs.sort((a, b) => compareTimes(a.before, b.before)) }
}

/** Pairs by either of their times. */
export class TimeTable {
  readonly #bySec = new Map<number, Map<number, TimePair>>()
  /** Number of different times. */
  size = 0
  // A tree has long runs of one time.
  #sec = Number.NaN
  #nsec = 0
  #last: TimePair | null = null

  constructor(pairs: Iterable<TimePair>) {
    for (const pair of pairs) this.add(pair)
  }

  add(pair: TimePair): void {
    this.#put(pair.before, pair)
    this.#put(pair.after, pair)
    this.#sec = Number.NaN
  }

  has({ sec, nsec }: Time): boolean {
    return this.#bySec.get(sec)?.has(nsec) ?? false
  }

  /** The pair that has this time; null for none. */
  of(sec: number, nsec: number): TimePair | null {
    if (sec === this.#sec && nsec === this.#nsec) return this.#last
    this.#sec = sec
    this.#nsec = nsec
    this.#last = this.#bySec.get(sec)?.get(nsec) ?? null
    return this.#last
  }

  #put({ sec, nsec }: Time, pair: TimePair): void {
    const byNsec = this.#bySec.get(sec) ?? new Map<number, TimePair>()
    this.#bySec.set(sec, byNsec)
    if (!byNsec.has(nsec)) this.size++
    byNsec.set(nsec, pair)
  }
}
