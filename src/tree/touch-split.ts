/** The rows of a changeset, parted into those that a touch stands for (spec §7.8) and all others; touch-rows.ts is the inverse. */
import { Kind } from '../base/constants.ts'
import { type Batch, forEachRow } from '../model/batch.ts'
import { compareTimes, type TimePair, TimeTable } from '../model/touch.ts'
import { copyEntry } from './copy-entry.ts'
import { MovedDirs } from './moved-dirs.ts'
import { RowOutput } from './row-output.ts'
import { isTimeChange, pairAt } from './touch-search.ts'
import { TouchedFiles } from './touched-files.ts'

export class TouchSplit {
  /** The rows that stay. */
  readonly output = new RowOutput()
  /** The files of the others. */
  readonly files = new TouchedFiles()
  readonly #times: TimeTable
  readonly #moved = new MovedDirs()

  constructor(pairs: readonly TimePair[]) {
    this.#times = new TimeTable(pairs)
  }

  /** Takes the next batch of the changeset. */
  add(batch: Batch): void {
    this.output.learnOwners(batch, 'after')
    forEachRow(batch, (d, i) => {
      this.#moved.addRow(batch, d, i)
      const pair = this.#pairOf(batch, d, i)
      if (pair === null) this.#putRow(batch, d, i)
      else this.files.add(batch, d, i, batch.before!, pair)
    })
  }

  /** The pair that row i is told by; null where it stays. */
  #pairOf(batch: Batch, d: number, i: number): TimePair | null {
    if (!isTimeChange(batch, i) || this.#moved.covers(batch, d)) return null
    const { before, after } = pairAt(batch.before!, batch.after!, i)
    const pair = this.#times.of(before.sec, before.nsec)
    const isIt = pair !== null && compareTimes(pair.before, before) === 0 && compareTimes(pair.after, after) === 0
    return isIt ? pair : null
  }

  /** Hints are of use where there are contents: those of a tree's directories are more bytes than all else of their rows. */
  #putRow(batch: Batch, d: number, i: number): void {
    const row = this.output.startRow(batch, d, i)
    const isFile = batch.before?.kind[i] === Kind.file || batch.after?.kind[i] === Kind.file
    for (const side of ['before', 'after'] as const) {
      const entries = batch[side]
      if (entries !== null) copyEntry(this.output.builder[side], row, isFile ? entries : { ...entries, hints: null }, i)
    }
    this.output.endRow()
  }
}
