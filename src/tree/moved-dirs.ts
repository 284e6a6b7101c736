/** Directories of which a row says that they move (spec §8.1): what lies below them and has no row goes along. */
import { Kind } from '../base/constants.ts'
import { type Batch, pathAt } from '../model/batch.ts'
import { bytesAt, EMPTY, optionalBytesAt } from '../model/bytes-column.ts'
import type { Entries } from '../model/entries.ts'
import { PathSet } from './path-set.ts'

/** Is asked about directories in row order, and told of each row before those below it. */
export class MovedDirs {
  readonly #paths = new PathSet()
  #batch: Batch | null = null
  #d = -1
  #isBelow = false

  /** Takes note of a row. */
  addRow(batch: Batch, d: number, i: number): void {
    if (!isMovedDir(batch.before, i) && !isMovedDir(batch.after, i)) return
    this.#paths.add(pathAt(batch, d, i), bytesAt(batch.dirs, d))
    this.#batch = null
  }

  /** True where directory d of the batch is one that moves, from there or to there, or lies below one. */
  covers(batch: Batch, d: number): boolean {
    if (this.#paths.isEmpty) return false
    if (batch !== this.#batch || d !== this.#d) this.#isBelow = this.#judge(bytesAt(batch.dirs, d))
    this.#batch = batch
    this.#d = d
    return this.#isBelow
  }

  #judge(dir: Uint8Array): boolean {
    for (let end = dir.indexOf(SLASH); end >= 0; end = dir.indexOf(SLASH, end + 1)) {
      if (this.#paths.has(dir.subarray(0, end))) return true
    }
    return this.#paths.has(dir) || this.#paths.has(EMPTY)
  }
}

const SLASH = 0x2f

function isMovedDir(entries: Entries | null, i: number): boolean {
  return entries !== null && entries.kind[i] === Kind.directory && optionalBytesAt(entries.moved, i).length > 0
}
