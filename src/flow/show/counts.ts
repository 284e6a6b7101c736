/** What `--stat` counts: rows and bytes by operation, kind and top directory; contents sent, saved and missing. */
import { FrameType, Kind } from '../../base/constants.ts'
import type { Head } from '../../format/frame.ts'
import { type Batch, dirCount, dirRowStart } from '../../model/batch.ts'
import { bytesAt } from '../../model/bytes-column.ts'
import { type Entry, entryAt } from '../../model/entries.ts'
import type { ContentPiece, Header, Item, Recipe } from '../../model/item.ts'
import { needsContent } from '../../model/need.ts'
import { pathKey } from '../../model/path.ts'
import { bytesFrom } from '../../model/recipe.ts'
import { kindWords } from '../../model/words.ts'
import { allNeeds, type Needs, needsOf } from './needed.ts'
import { type Operation, operationOf, operations } from './operation.ts'

export type Count = { count: number; bytes: number }

export type FrameCount = Count & { compressedBytes: number }

/** Counts of rows by operation, and of the bytes of their regular files (further names of a hard-link group: none). */
export type RowCounts = { [O in Operation]: number } & Count

/** Top directories that are told apart; the rows of further ones are counted together. */
const TOPS_MAX = 10_000

export class StatCounter {
  header: Header | null = null
  readonly total = createRowCounts()
  readonly bytesByOperation = new Map<Operation, number>()
  readonly kinds: RowCounts[] = kindWords.map(createRowCounts)
  /** By the first name of the path, as pathKey gives it; the empty key holds what lies in the root itself. */
  readonly tops = new Map<string, RowCounts>()
  readonly otherTops = createRowCounts()
  /** Contents that rows need, each once. */
  readonly needed = createCount()
  readonly sent = createCount()
  /** Contents that are neither sent nor built. */
  readonly missing = createCount()
  readonly built = createCount()
  builtNewBytes = 0
  /** Bytes of regular files that need not be sent, by why not. */
  readonly savedBy = {
    moves: createCount(),
    'hard links': createCount(),
    'metadata alone': createCount(),
    'files that are there': createCount(),
    recipes: createCount(),
    zeros: createCount(),
    'equal contents': createCount(),
    compression: createCount(),
  }
  /** Directories that moved: what lies below goes along, and the stream does not say what that is. */
  movedDirectoryCount = 0
  /** By frame type: how many frames, their bytes, and what of them is in the stream. */
  readonly frames = new Map<number, FrameCount>()
  chunkListCount = 0
  /** Files of which a touch changes the time. */
  touchedCount = 0
  #needs: Needs | null = null

  addItem(item: Item): void {
    if (item.kind === 'header') this.header = item.header
    else if (item.kind === 'rows') this.#addBatch(item.batch)
    else if (item.kind === 'content') this.#addContent(item.piece)
    else if (item.kind === 'recipe') this.#addRecipe(item.recipe)
    else if (item.kind === 'chunks') this.chunkListCount++
    else if (item.kind === 'touch') this.touchedCount = item.touch.fileCount
    else if (item.kind === 'end') this.#finish()
  }

  addHead({ type, rawBytes, compressedBytes }: Head): void {
    const counts = this.frames.get(type) ?? { ...createCount(), compressedBytes: 0 }
    this.frames.set(type, counts)
    add(counts, rawBytes)
    counts.compressedBytes += compressedBytes
  }

  #addBatch(batch: Batch): void {
    this.#settle()
    this.#needs = needsOf(batch)
    for (let d = 0; d < dirCount(batch); d++) {
      const dir = bytesAt(batch.dirs, d)
      const inDir = dir.length === 0 ? null : this.#topOf(dir)
      for (let i = dirRowStart(batch, d); i < batch.dirRowEnds[d]!; i++) {
        const before = entryAt(batch.before, i)
        const after = entryAt(batch.after, i)
        const operation = operationOf(before, after)
        this.#addRow(operation, (after ?? before)!, inDir ?? this.#topIn(bytesAt(batch.names, i), before, after))
        this.#addSaved(operation, before, after, needsContent(batch.before, batch.after, i))
      }
    }
  }

  /** What a row brings without its bytes. */
  #addSaved(operation: Operation, before: Entry | null, after: Entry | null, needs: boolean): void {
    if (operation === 'link') add(this.savedBy['hard links'], after!.size)
    if (operation === 'move' && after!.kind === Kind.directory) this.movedDirectoryCount++
    if (needs || after === null || after.kind !== Kind.file || after.link.length > 0) return
    if (operation === 'move') add(this.savedBy.moves, after.size)
    if (operation === 'change' && before!.kind === Kind.file) add(this.savedBy['metadata alone'], after.size)
  }

  #addRow(operation: Operation, entry: Entry, top: RowCounts): void {
    const bytes = entry.link.length === 0 ? entry.size : 0
    for (const counts of [this.total, this.kinds[entry.kind]!, top]) {
      counts[operation]++
      add(counts, bytes)
    }
    this.bytesByOperation.set(operation, (this.bytesByOperation.get(operation) ?? 0) + bytes)
  }

  /** A directory in the root counts with what lies in it, everything else there with the root. */
  #topIn(name: Uint8Array, before: Entry | null, after: Entry | null): RowCounts {
    const isDirectory = (after ?? before)!.kind === kindWords.indexOf('directory')
    return this.#topOf(isDirectory ? name : name.subarray(0, 0))
  }

  #topOf(path: Uint8Array): RowCounts {
    const slash = path.indexOf(0x2f)
    const key = pathKey(slash < 0 ? path : path.subarray(0, slash))
    const known = this.tops.get(key)
    if (known !== undefined) return known
    if (this.tops.size >= TOPS_MAX) return this.otherTops
    const counts = createRowCounts()
    this.tops.set(key, counts)
    return counts
  }

  #addContent(piece: ContentPiece): void {
    add(this.sent, piece.bytes.length, piece.offset === 0 ? 1 : 0)
    const need = this.#needs?.byId.get(pathKey(piece.id))
    if (need !== undefined) need.hasCome = true
  }

  /** A recipe that only copies from the tree after repeats a content that was sent; any other builds one, be it a whole file. */
  #addRecipe({ id, size, ranges }: Recipe): void {
    const need = this.#needs?.byId.get(pathKey(id))
    if (need !== undefined) need.hasCome = true
    if (ranges.every(({ from }) => from === 'after')) {
      add(this.savedBy['equal contents'], size)
      return
    }
    const newBytes = bytesFrom('literal', ranges)
    add(this.built, size)
    this.builtNewBytes += newBytes
    const zeros = bytesFrom('zeros', ranges)
    if (zeros > 0) add(this.savedBy.zeros, zeros)
    const copied = size - newBytes - zeros
    const isWhole = ranges.length === 1 && copied === size
    if (copied > 0 || zeros === 0) add(this.savedBy[isWhole ? 'files that are there' : 'recipes'], copied)
  }

  #finish(): void {
    this.#settle()
    const frames = this.frames.get(FrameType.content)
    if (frames === undefined || frames.compressedBytes >= frames.bytes) return
    add(this.savedBy.compression, frames.bytes - frames.compressedBytes, this.sent.count)
  }

  /** What the last batch needed is settled: whatever has not come by now does not come. */
  #settle(): void {
    if (this.#needs === null) return
    for (const need of allNeeds(this.#needs)) {
      add(this.needed, need.size)
      if (need.moreCount > 0) add(this.savedBy['equal contents'], need.size * need.moreCount, need.moreCount)
      if (need.hasCome) continue
      add(need.isMove ? this.savedBy.moves : this.missing, need.size)
    }
    this.#needs = null
  }
}

function createCount(): Count {
  return { count: 0, bytes: 0 }
}

function createRowCounts(): RowCounts {
  const zeros = Object.fromEntries(operations.map((operation) => [operation, 0])) as { [O in Operation]: number }
  return { ...zeros, count: 0, bytes: 0 }
}

function add(counts: Count, bytes: number, count = 1): void {
  counts.count += count
  counts.bytes += bytes
}
