/**
 * What a snapshot could not see (spec §8.4): what its scan could not read, and what its filters left out. A row that only
 * the other snapshot has is then neither a delete nor an add: nothing is known of it on this side.
 */
import type { ProblemCode } from '../base/constants.ts'
import type { Batch } from '../model/batch.ts'
import { bytesAt, EMPTY } from '../model/bytes-column.ts'
import { isWithin, joinPath } from '../model/path.ts'
import type { Problem } from '../model/problem.ts'
import type { Filter } from './filter.ts'
import { PathSet } from './path-set.ts'
import { sharedLength } from './shared-length.ts'

/** Problems that hide an entry, or all that lies below a directory. */
const HIDING: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'unreadable',
  'vanished',
  'changed',
  'other-filesystem',
  'too-large',
])

/** The blind spots of one snapshot. Rows come in order, so what lies behind the merge can be forgotten. */
export class BlindSpots {
  readonly #filter: Filter | null
  readonly #hiding = new PathSet()
  readonly #withoutXattrs = new PathSet()
  /** Directories that are certainly not there any more: nothing below them is hidden. */
  readonly #gone = new PathSet()
  #batch: Batch | null = null
  #d = -1
  #dir: Uint8Array = EMPTY
  #verdict: Verdict = { root: EMPTY, is: 'seen' }
  /** What was found of the directories so far may be out of date. */
  #isStale = true

  /** `filter` is null where the other snapshot has the same filters: then they hide nothing. */
  constructor(filter: Filter | null) {
    this.#filter = filter
  }

  get isEmpty(): boolean {
    return this.#filter === null && this.#hiding.isEmpty && this.#withoutXattrs.isEmpty
  }

  /** ORDER: a problem must come before the first row that lies behind its path. */
  addProblem(problem: Problem): void {
    if (problem.phase !== 'scan') return
    if (HIDING.has(problem.code)) this.#hiding.add(problem.path, this.#dir)
    else if (problem.code === 'xattrs-unreadable') this.#withoutXattrs.add(problem.path, this.#dir)
    this.#batch = null
    this.#isStale = true
  }

  /** True where this side cannot tell whether it has the row, which only the other side has. */
  hidesRow(batch: Batch, d: number, i: number, isDirectory: boolean): boolean {
    this.#enter(batch, d)
    if (this.#verdict.is !== 'seen') return this.#verdict.is === 'hidden'
    return this.#hides(joinPath(this.#dir, bytesAt(batch.names, i)), isDirectory)
  }

  /** True where this side cannot see a path that is no directory. */
  hidesPath(path: Uint8Array): boolean {
    const slash = path.lastIndexOf(SLASH)
    return this.#hides(path, false) || this.#judge(path.subarray(0, Math.max(slash, 0)), -1).is === 'hidden'
  }

  /** True where this side does not know the extended attributes of a row that both sides have. */
  hidesXattrs(path: Uint8Array): boolean {
    return this.#withoutXattrs.has(path)
  }

  /** Says that a directory of the other side is certainly not there on this side, nor anything below it. */
  addGone(path: Uint8Array): void {
    this.#gone.add(path, this.#dir)
  }

  #enter(batch: Batch, d: number): void {
    if (batch === this.#batch && d === this.#d) return
    this.#batch = batch
    this.#d = d
    const dir = bytesAt(batch.dirs, d)
    const { is, root } = this.#verdict
    const known = this.#isStale || is !== 'seen' ? -1 : sharedLength(this.#dir, dir)
    if (this.#isStale || is === 'seen' || !isWithin(dir, root)) this.#verdict = this.#judge(dir, known)
    this.#isStale = false
    this.#dir = dir
  }

  /** Looks at each directory on the way to `dir` that is longer than `from`; the outermost decides. */
  #judge(dir: Uint8Array, from: number): Verdict {
    for (let end = from + 1; end <= dir.length; end++) {
      if (end > 0 && end < dir.length && dir[end] !== SLASH) continue
      const root = dir.subarray(0, end)
      if (this.#gone.has(root)) return { root, is: 'gone' }
      if (end === 0 ? this.#hiding.has(root) : this.#hides(root, true)) return { root, is: 'hidden' }
    }
    return { root: EMPTY, is: 'seen' }
  }

  #hides(path: Uint8Array, isDirectory: boolean): boolean {
    return this.#hiding.has(path) || this.#filter?.(path, isDirectory) === 'excluded'
  }
}

/** What is known of a directory, and the directory on the way to it that decided so. */
type Verdict = { root: Uint8Array; is: 'seen' | 'hidden' | 'gone' }

const SLASH = 0x2f
