/**
 * Finds which changes of time a touch can tell (spec §8.9): pairs of times such that every file that has the one goes to the other
 * by its time alone, but for those that rows name. Rows and unchanged entries are shown to it in any order, once.
 */
import { Kind, Limits } from '../base/constants.ts'
import type { Batch } from '../model/batch.ts'
import { Bits } from '../model/bits.ts'
import { optionalBytesAt } from '../model/bytes-column.ts'
import { type Entries, hasContent } from '../model/entries.ts'
import { isSuspect } from '../model/need.ts'
import { compareTimes, type TimePair, TimeTable } from '../model/touch.ts'
import { createCompare, Difference } from './compare.ts'

/** Fewer files are told as cheaply by rows. */
export const TOUCH_FILES_MIN = 16
/** Pairs that are counted; what goes from one further time to another is told by rows. */
const PAIRS_MAX = 65_536

type Counted = { pair: TimePair; count: number }

export class TouchSearch {
  readonly #counted = new Map<string, Counted>()
  readonly #unchanged = new TimeMarks()
  readonly #filesMin: number

  /** @param filesMin files of a pair that is worth telling */
  constructor(filesMin: number) {
    this.#filesMin = filesMin
  }

  /** Takes note of the rows of a changeset. */
  addRows(batch: Batch): void {
    const { before, after } = batch
    if (before === null || after === null) return
    for (let i = 0; i < batch.rowCount; i++) {
      if (before.kind[i] !== Kind.file || after.kind[i] !== Kind.file) continue
      if (isTimeChange(batch, i)) this.#count(pairAt(before, after, i))
      // Such a row may turn out to be no change when it is packed.
      else if (isSuspect(before, after, i)) this.addUnchanged(before, i, after, i)
    }
  }

  /** Takes note of an entry of both trees that has no row. */
  addUnchanged(before: Entries, i: number, after: Entries, j: number): void {
    if (before.kind[i] !== Kind.file) return
    this.#unchanged.add(before.mtimeSec[i]!, before.mtimeNsec[i]!)
    this.#unchanged.add(after.mtimeSec[j]!, after.mtimeNsec[j]!)
  }

  /** The pairs that a touch can tell, those of most files first where they exclude each other; in the order of a touch. */
  pairs(): TimePair[] {
    const found = [...this.#counted.values()].filter(({ pair, count }) => count >= this.#filesMin && this.#isFree(pair))
    found.sort((a, b) => b.count - a.count || compareTimes(a.pair.before, b.pair.before))
    const pairs: TimePair[] = []
    const taken = new TimeTable([])
    for (const { pair } of found) {
      if (pairs.length === Limits.touchPairsMax) break
      if (taken.has(pair.before) || taken.has(pair.after)) continue
      taken.add(pair)
      pairs.push(pair)
    }
    return pairs.sort((a, b) => compareTimes(a.before, b.before))
  }

  #count(pair: TimePair): void {
    const { before, after } = pair
    const key = `${before.sec}.${before.nsec} ${after.sec}.${after.nsec}`
    const counted = this.#counted.get(key)
    if (counted !== undefined) counted.count++
    else if (this.#counted.size < PAIRS_MAX) this.#counted.set(key, { pair, count: 1 })
  }

  #isFree({ before, after }: TimePair): boolean {
    return !this.#unchanged.has(before.sec, before.nsec) && !this.#unchanged.has(after.sec, after.nsec)
  }
}

const compare = createCompare({ ignoreTimes: false, sizeOnly: false, ignored: new Set() })

/** True for a row of a regular file that differs in its modification time alone, and is known to have the same contents. */
export function isTimeChange({ before, after }: Batch, i: number): boolean {
  if (before === null || after === null || before.kind[i] !== Kind.file) return false
  if (compare(before, i, after, i) !== Difference.mtime) return false
  if (optionalBytesAt(before.moved, i).length + optionalBytesAt(after.moved, i).length > 0) return false
  return before.size[i] === 0 || (hasContent(before, i) && hasContent(after, i))
}

/** The times of row i, of both sides. */
export function pairAt(before: Entries, after: Entries, i: number): TimePair {
  return {
    before: { sec: before.mtimeSec[i]!, nsec: before.mtimeNsec[i]! },
    after: { sec: after.mtimeSec[i]!, nsec: after.mtimeNsec[i]! },
  }
}

/** Times by a mark each; two may share one, and then both count as met. However many there are, this takes 2 MiB. */
class TimeMarks {
  readonly #marks = new Bits()
  #sec = Number.NaN
  #nsec = 0

  add(sec: number, nsec: number): void {
    if (sec === this.#sec && nsec === this.#nsec) return
    this.#sec = sec
    this.#nsec = nsec
    this.#marks.add(markOf(sec, nsec))
  }

  has(sec: number, nsec: number): boolean {
    return this.#marks.has(markOf(sec, nsec))
  }
}

const MARK_BITS = 24

function markOf(sec: number, nsec: number): number {
  const mixed = Math.imul(Math.imul(sec | 0, 0x9e3779b1) ^ nsec, 0x85ebca6b)
  return (mixed ^ (mixed >>> 15)) >>> (32 - MARK_BITS)
}
