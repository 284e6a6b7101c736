/**
 * What the files of the tree before hold, from its snapshot alone (spec §7.5): an index of their chunks, and of the files as
 * wholes, by their ids, which is all there is of a snapshot without chunk lists. Bounded: about 250 MB with a million paths;
 * files beyond the bounds are not found, which costs bytes and nothing else.
 */
import { FrameType, Kind } from '../../base/constants.ts'
import { RefusedError } from '../../base/errors.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { type BytesColumn, BytesColumnBuilder, bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, hasContent } from '../../model/entries.ts'
import type { Chunks, Item } from '../../model/item.ts'
import { compareBytes, pathKey } from '../../model/path.ts'
import { CHUNK_ID_BYTES, ChunkIndex, wordsOf } from '../../tree/chunk-index.ts'
import { chunkRuleFor } from '../../tree/chunker.ts'
import type { FrameReader } from '../stream/reader.ts'

export type OldFiles = {
  /** Chunks of all files, and new ones that were sent; a whole content is a chunk, too. */
  index: ChunkIndex
  /** Paths by the numbers that files have in the index. */
  paths: BytesColumn
  /** The entry of each old file's whole content in the index. */
  wholes: number[]
  /** Files of the tree after whose new chunks were sent; their numbers go on from those of the old files. */
  sent: SentFile[]
  /** The rules (averageBits) that files were cut by, the one that made most chunks first. */
  rules: number[]
}

/** Where a content will be in the tree after. */
export type SentFile = { path: Uint8Array; id: Uint8Array }

/** Chunks that are held: 180 MB. They are those of 2 GB in small files, or of 64 GB in files of 1 GB. */
const CHUNKS_MAX = 4 << 20
const PATH_BYTES_MAX = 64 << 20
/** A recipe is about as long as fewer bytes are. */
const SIZE_MIN = 512

/**
 * Whether a snapshot says what its files hold: by chunk lists or, where those are not needed, by the ids of whole contents.
 * Reads heads only, up to the first list. The reader is the caller's.
 */
export async function tellsContents(reader: FrameReader, needsLists: boolean): Promise<boolean> {
  const { digest, data } = reader.header
  // Whoever packed a snapshot has read all of its files.
  const hasIds = digest === 'blake3' || data
  return (hasIds && !needsLists) || hasChunkLists(reader)
}

async function hasChunkLists(reader: FrameReader): Promise<boolean> {
  for (let head = await reader.peekHead(); head !== null; head = await reader.peekHead()) {
    if (head.type === FrameType.chunks) return true
    await reader.skip()
  }
  return false
}

/** @param items of a snapshot. @throws RefusedError `wrong-kind`, and what reading throws */
export async function readOldFiles(items: AsyncIterable<Item>): Promise<OldFiles> {
  const collector = new Collector()
  for await (const item of items) {
    if (item.kind === 'header' && item.header.kind !== 'snapshot')
      throw new RefusedError('wrong-kind', `the stream of the old tree is a ${item.header.kind}; a snapshot is needed`)
    if (item.kind === 'rows') collector.addBatch(item.batch)
    if (item.kind === 'chunks') collector.addChunks(item.chunks)
    if (collector.isFull) break
  }
  return collector.take()
}

/** Where nothing is known of the tree before. */
export function noOldFiles(): OldFiles {
  return new Collector().take()
}

class Collector {
  readonly #index = new ChunkIndex(CHUNKS_MAX)
  readonly #paths = new BytesColumnBuilder()
  readonly #wholes: number[] = []
  readonly #countByBits = new Map<number, number>()
  /** Files of the last batch by content id. */
  readonly #files = new Map<string, number>()

  get isFull(): boolean {
    return this.#index.isFull || this.#paths.byteLength > PATH_BYTES_MAX
  }

  addBatch(batch: Batch): void {
    const after = batch.after!
    this.#files.clear()
    forEachRow(batch, (d, i) => {
      const size = after.size[i]!
      if (after.kind[i] !== Kind.file || size < SIZE_MIN || !hasContent(after, i)) return
      if (optionalBytesAt(after.link, i).length > 0) return
      const id = contentAt(after, i)
      const key = pathKey(id)
      if (this.#files.has(key)) return
      const file = this.#paths.count
      this.#paths.push(pathAt(batch, d, i))
      this.#files.set(key, file)
      this.#wholes.push(this.#index.count)
      this.#index.addFile(file, { ends: Float64Array.of(size), ids: id.slice(0, CHUNK_ID_BYTES) })
    })
  }

  addChunks({ id, ends, ids }: Chunks): void {
    const file = this.#files.get(pathKey(id))
    if (file === undefined) return
    this.#index.addFile(file, { ends, ids })
    const { averageBits } = chunkRuleFor(ends.at(-1)!)
    this.#countByBits.set(averageBits, (this.#countByBits.get(averageBits) ?? 0) + ends.length)
  }

  take(): OldFiles {
    const rules = [...this.#countByBits].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([bits]) => bits)
    return { index: this.#index, paths: this.#paths.take(), wholes: this.#wholes, sent: [], rules }
  }
}

/** The number of an old file with that content, or -1. */
export function fileWith({ index }: OldFiles, id: Uint8Array): number {
  if (id.length === 0) return -1
  const entry = index.find(wordsOf(id.slice(0, CHUNK_ID_BYTES)), 0, -1)
  return entry < 0 ? -1 : index.fileAt(entry)
}

/** Where a file of the index is; the path stays good. */
export function placeOf({ paths, sent }: OldFiles, file: number): { from: 'before' | 'after'; path: Uint8Array } {
  const oldCount = paths.ends.length
  if (file < oldCount) return { from: 'before', path: bytesAt(paths, file) }
  return { from: 'after', path: sent[file - oldCount]!.path }
}

/** Whether a file of the index has this id, as far as the index keeps ids. */
export function isContentOf({ index, paths, wholes, sent }: OldFiles, file: number, id: Uint8Array): boolean {
  const oldCount = paths.ends.length
  if (file >= oldCount) return compareBytes(sent[file - oldCount]!.id, id) === 0
  return index.has(wholes[file]!, wordsOf(id.slice(0, CHUNK_ID_BYTES)), 0)
}
