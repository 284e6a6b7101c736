/**
 * What applies that were cut short have left in a target: their stages, and the contents that had arrived in those, by id. A
 * content is taken from there instead of being written again; each is verified when it is taken.
 */
import { RefusedError } from '../../base/errors.ts'
import { XattrReader } from '../../host/entry/xattr-reader.ts'
import { JournalFlag } from '../../host/journal/journal.ts'
import { libc } from '../../host/native/libc.ts'
import {
  closeKeptStage,
  contentsIn,
  type KeptContent,
  type KeptStage,
  moveStaged,
  openKeptStage,
  openStaged,
  pathInTarget,
  type StagedFiles,
} from '../../host/stage/kept-stage.ts'
import { phaseOf, removeStageOf, type Stage } from '../../host/stage/stage.ts'
import type { Contents } from '../../host/stage/stage-content.ts'
import { copyVerified } from '../../host/stage/stage-fill.ts'
import type { StagedRow } from '../../host/stage/stage-object.ts'
import { refuseLeftCopy } from '../../host/stage/tree-copies.ts'
import type { Keeper } from '../../host/target/keeper.ts'
import { adoptRoot, stagesIn, type Target } from '../../host/target/target.ts'
import { closeCursor, createCursor } from '../../host/target/target-cursor.ts'
import { contentAt, hasContent } from '../../model/entries.ts'
import { ChunkIndex, wordsOf } from '../../tree/chunk-index.ts'

/** Contents that are found again: 60 MB. Those of more have to come again, which costs bytes and nothing else. */
const KEPT_MAX = 1 << 20

/** What was taken from them. */
export type KeptCounts = { count: number; bytes: number }

/** How far applies have come that have left stages in a target: none, none to a decision, or one that must be ended first. */
export type Leftovers = 'none' | 'undecided' | 'decided'

/** @throws RefusedError `leftover-copy`, `target-busy` where whole trees were exchanged and that is not ended; HostError */
export function leftoversOf(target: Target): Leftovers {
  refuseLeftCopy(target)
  const names = stagesIn(target)
  if (names.length === 0) return 'none'
  return names.every((name) => phaseOf(target, name) === 'staging') ? 'undecided' : 'decided'
}

/** Throws what there is to say about leftovers. @throws RefusedError `leftover-stage`, `undecided-stage` */
export function refuseLeftovers(leftovers: Leftovers): void {
  if (leftovers === 'decided') {
    throw new RefusedError('leftover-stage', 'an earlier apply has left its stage: resume it or roll it back first')
  }
  if (leftovers === 'undecided') {
    throw new RefusedError('undecided-stage', 'an earlier apply was cut short before it changed anything')
  }
}

/**
 * The contents that had arrived, as a plan can name them: by their paths in the target. Each is verified.
 * @param isSought which of them are looked at
 * @throws HostError
 */
export function* arrivedIn(target: Target, isSought: (content: KeptContent) => boolean): Iterable<ArrivedContent> {
  for (const name of stagesIn(target)) {
    const stage = openKeptStage(target, name)
    if (stage === null) continue
    try {
      for (const content of contentsIn(stage)) {
        const fd = isSought(content) ? openStaged(stage, content) : -1
        if (fd === -1) continue
        libc.close(fd)
        yield { ...content, path: pathInTarget(stage, content.ordinal) }
      }
    } finally {
      closeKeptStage(stage)
    }
  }
}

export type ArrivedContent = KeptContent & { path: Uint8Array }

export class KeptContents {
  readonly counts: KeptCounts = { count: 0, bytes: 0 }
  readonly #names: readonly Uint8Array[]
  readonly #stages: KeptStage[]
  /** A content is indexed by the first half of its id, as a chunk would be. */
  readonly #index = new ChunkIndex(KEPT_MAX)
  /** By entry of the index: which stage has it (one beyond the last: the present one), and for which row. */
  readonly #stageOf: number[] = []
  readonly #ordinalOf: number[] = []
  /** Over the present stage. */
  #present: StagedFiles | null = null
  #xattrs: XattrReader | null = null

  /** Opens what there is. Nothing of it is decided, and nobody else is at work in it. @throws HostError */
  constructor(target: Target) {
    this.#names = stagesIn(target)
    this.#stages = this.#names.map((name) => openKeptStage(target, name)).filter((stage) => stage !== null)
    for (const [k, stage] of this.#stages.entries()) this.#addStage(k, stage)
    if (this.#stages.some(({ journal }) => (journal.flags & JournalFlag.madeRoot) !== 0)) adoptRoot(target)
  }

  #addStage(k: number, stage: KeptStage): void {
    for (const { id, ordinal } of contentsIn(stage)) {
      if (this.#index.isFull) return
      this.#index.addChunk(k, wordsOf(id), 0, 0)
      this.#stageOf.push(k)
      this.#ordinalOf.push(ordinal)
    }
  }

  /** Makes the file of a row of what had arrived. False where its content had not. @throws HostError */
  fill(contents: Contents, row: StagedRow): boolean {
    const after = row.frame.batch.after!
    if (!hasContent(after, row.i)) return false
    const content = { id: contentAt(after, row.i), size: after.size[row.i]! }
    const words = wordsOf(content.id.slice())
    for (let k = 0; k < this.#stages.length; k++) {
      const entry = this.#index.find(words, 0, k)
      if (entry === -1) return false
      if (this.#index.fileAt(entry) === k && this.#fillFrom(entry, contents, row, content)) return true
    }
    return false
  }

  #fillFrom(entry: number, contents: Contents, row: StagedRow, content: { id: Uint8Array; size: number }): boolean {
    const { stage } = contents
    const k = this.#stageOf[entry]!
    const ordinal = this.#ordinalOf[entry]!
    const files = this.#stages[k] ?? this.#presentFiles(stage)
    const fd = openStaged(files, { ...content, ordinal })
    if (fd === -1) return false
    try {
      if (k < this.#stages.length) {
        this.#xattrs ??= new XattrReader(stage.target.fd, false)
        moveStaged(files, ordinal, fd, stage, row, this.#xattrs)
        this.#stageOf[entry] = this.#stages.length
        this.#ordinalOf[entry] = row.frame.firstOrdinal + row.i
      } else if (copyVerified(contents, fd, row) === null) {
        return false
      }
    } finally {
      libc.close(fd)
    }
    this.counts.count++
    this.counts.bytes += content.size
    return true
  }

  #presentFiles({ journal, newFd }: Stage): StagedFiles {
    this.#present ??= { journal, cursor: createCursor(newFd) }
    return this.#present
  }

  close(): void {
    if (this.#present !== null) closeCursor(this.#present.cursor)
    this.#present = null
    for (const stage of this.#stages.splice(0)) closeKeptStage(stage)
  }

  /** Removes the stages, when they are no longer needed. @throws HostError */
  remove(target: Target, keeper: Keeper): void {
    this.close()
    for (const name of this.#names) removeStageOf(target, keeper, name)
  }
}
