/**
 * The ordered stage of a scan that gives every regular file its content id, and its chunk list where that is wanted: from an older snapshot, from the first name of its
 * hard-link group, or by reading it. Files are read by the pool's threads, a few batches ahead; what a batch waits for and no
 * thread has begun is read here.
 */
import { Kind, type ProblemCode } from '../../base/constants.ts'
import type { Monitor } from '../../base/monitor.ts'
import type { Job, Threads } from '../../host/thread/threads.ts'
import { type FileList, listFiles } from '../../host/walk/file-list.ts'
import type { FileHasher, HashedFiles } from '../../host/walk/hash-files.ts'
import { type Batch, pathAt } from '../../model/batch.ts'
import type { CutBatch } from '../../model/batch-cutter.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entry, entryAt, hasContent } from '../../model/entries.ts'
import { EntriesBuilder } from '../../model/entries-builder.ts'
import type { Chunks } from '../../model/item.ts'
import { pathKey } from '../../model/path.ts'
import { dirIndexOf } from '../../model/splice.ts'
import { chunkRuleFor } from '../../tree/chunker.ts'
import { LISTED_SIZE_MIN } from './chunk-lists.ts'
import type { OldIds } from './old-ids.ts'
import { LinkIds, setContents } from './scan-links.ts'
import type { HashInput } from './scan-worker.ts'

export type IdOptions = {
  /** Read in this thread, with chunk lists and without; they stay the caller's. */
  hashers: { plain: FileHasher; chunking: FileHasher | null }
  /** Null: everything is read in this thread. */
  pool: Threads | null
  old: OldIds | null
  /** Counts the bytes read. */
  monitor: Monitor
}

/** A batch with the chunk lists of its contents, each once, in row order. */
export type IdentifiedBatch = CutBatch & { chunks: Chunks[] }

/** A batch whose files are being read, and chunk lists by content id. */
type Reading = {
  cut: CutBatch
  leftCount: number
  refreshed: Map<number, Entry>
  lists: Map<string, Chunks>
  /** What its lists will about take in memory. */
  listBytes: number
}

type Task = { reading: Reading; rows: Uint32Array; bytes: number; hasLists: boolean }

/** Batches that are read at a time at most. */
const WINDOW_BATCHES = 12
/** Fewer are where their chunk lists take more than this. */
const WINDOW_LIST_BYTES = 64 << 20
/** Files of one batch have chunk lists as long as these take less: 1 GB files by the hundred in one directory. */
const BATCH_LIST_BYTES_MAX = 192 << 20
/** A task is as many files as make this many bytes. */
const TASK_BYTES = 8 << 20
/** A larger task is left to the threads, so that this one is not held up; it takes any other rather than wait. */
const BYTES_HERE_MAX = 64 << 20
/** What is read here before threads are used: less takes less time than a thread needs to start. */
const BYTES_BEFORE_THREADS = 16 << 20
const FILES_BEFORE_THREADS = 2000

export async function* withIds(source: AsyncIterable<CutBatch>, options: IdOptions): AsyncGenerator<IdentifiedBatch> {
  const { hashers, pool, old, monitor } = options
  const window: Reading[] = []
  const queue: Task[] = []
  const links = new LinkIds()
  const here = { bytes: 0, files: 0 }

  pool?.addSource({
    hasJob: () => queue.length > 0 && (isWorthThreads() || isLarge(queue[0]!)),
    nextJob: () => jobOf(queue.shift()!),
  })

  function jobOf(task: Task): Job {
    return {
      task: 'hash',
      input: inputOf(task),
      onOutput() {},
      onDone: (result) => finish(task, result as HashedFiles),
      // Nothing waits behind a large file, and no large file behind another: somebody else may be free earlier.
      ahead: () => (queue.length > 0 && !isLarge(task) && !isLarge(queue[0]!) ? jobOf(queue.shift()!) : null),
    }
  }

  const isWorthThreads = (): boolean => here.bytes >= BYTES_BEFORE_THREADS || here.files >= FILES_BEFORE_THREADS

  function finish(task: Task, result: HashedFiles): void {
    const { reading, rows } = task
    applyIds(reading, rows, result)
    reading.leftCount--
    monitor.bytes += task.bytes
  }

  function readHere(task: Task): void {
    const { files, chunks } = inputOf(task)
    finish(task, (chunks ? hashers.chunking! : hashers.plain).hash(files))
    here.bytes += task.bytes
    here.files += files.count
  }

  async function take(): Promise<IdentifiedBatch> {
    const reading = window[0]!
    while (reading.leftCount > 0) {
      const next = queue[0]
      if (next !== undefined && (pool === null || !isLarge(next))) {
        readHere(queue.shift()!)
        // ORDER: what a thread has sent is not heard of before the event loop turns, and nothing here lets it.
        pool?.poll()
        pool?.wake()
      } else {
        // A large file may be the first that threads are started for.
        pool!.wake()
        await pool!.progress()
      }
    }
    window.shift()
    return completed(reading, links)
  }

  for await (const cut of source) {
    const reading: Reading = { cut, leftCount: 0, refreshed: new Map(), lists: new Map(), listBytes: 0 }
    window.push(reading)
    if (cut.batch !== null) {
      await old?.fill(cut.batch, reading.lists)
      for (const task of tasksOf(reading, cut.batch, hashers.chunking !== null)) queue.push(task)
      pool?.wake()
    }
    while (window.length > 0 && (isFull(window) || pool === null || window[0]!.leftCount === 0)) yield await take()
  }
  while (window.length > 0) yield await take()
}

function isLarge(task: Task): boolean {
  return task.bytes > BYTES_HERE_MAX
}

function isFull(window: Reading[]): boolean {
  return window.length > WINDOW_BATCHES || window.reduce((sum, { listBytes }) => sum + listBytes, 0) > WINDOW_LIST_BYTES
}

function inputOf({ reading, rows, hasLists }: Task): HashInput {
  const files: FileList = listFiles(reading.cut.batch!, rows)
  return { files, chunks: hasLists }
}

/** What the chunk list of a file takes at most in memory, about. */
function listBytesOf(size: number): number {
  return size < LISTED_SIZE_MIN ? 0 : (24 * size) / 2 ** chunkRuleFor(size).averageBits
}

/** The files that are to be read, in row order, shared out by size. */
function tasksOf(reading: Reading, batch: Batch, wantsLists: boolean): Task[] {
  const after = batch.after!
  const tasks: Task[] = []
  let rows: number[] = []
  let bytes = 0
  const end = (): void => {
    const hasLists = wantsLists && reading.listBytes <= BATCH_LIST_BYTES_MAX
    if (rows.length > 0) tasks.push({ reading, rows: Uint32Array.from(rows), bytes, hasLists })
    rows = []
    bytes = 0
  }
  for (let i = 0; i < batch.rowCount; i++) {
    if (after.kind[i] !== Kind.file || hasContent(after, i) || optionalBytesAt(after.link, i).length > 0) continue
    rows.push(i)
    bytes += after.size[i]!
    if (wantsLists) reading.listBytes += listBytesOf(after.size[i]!)
    if (bytes >= TASK_BYTES) end()
  }
  end()
  reading.leftCount = tasks.length
  return tasks
}

function applyIds(reading: Reading, rows: Uint32Array, result: HashedFiles): void {
  const { batch, problems } = reading.cut
  const after = batch!.after!
  const failed = result.failed.slice()
  for (const { index, entry } of result.refreshed) {
    const i = rows[index]!
    // The names of a group are one file: one of them is not refreshed without the others.
    if (after.hints!.nlink[i] === 1 && entry.hint!.nlink === 1) reading.refreshed.set(i, entry)
    else failed.push({ index, code: 'changed', detail: 'links' })
  }
  for (const chunks of result.chunks) reading.lists.set(pathKey(chunks.id), chunks)
  setContents(after, rows, result.ids)
  for (const { index, code, detail } of failed) problems.push(problemAt(batch!, rows[index]!, code, detail))
}

/** The batch with all that became known of it. */
function completed({ cut, refreshed, lists }: Reading, links: LinkIds): IdentifiedBatch {
  const { batch, problems } = cut
  if (batch === null) return { ...cut, chunks: [] }
  if (refreshed.size > 0) refresh(batch, refreshed)
  for (const i of links.fill(batch)) problems.push(problemAt(batch, i, 'changed', 'links'))
  problems.sort((a, b) => a.rowCount - b.rowCount)
  return { ...cut, chunks: lists.size === 0 ? [] : inRowOrder(batch, lists) }
}

function inRowOrder(batch: Batch, lists: Map<string, Chunks>): Chunks[] {
  const chunks: Chunks[] = []
  for (let i = 0; i < batch.rowCount; i++) {
    if (!hasContent(batch.after!, i) || batch.after!.size[i]! < LISTED_SIZE_MIN) continue
    const key = pathKey(contentAt(batch.after!, i))
    const list = lists.get(key)
    if (list === undefined) continue
    chunks.push(list)
    lists.delete(key)
  }
  return chunks
}

function refresh(batch: Batch, refreshed: ReadonlyMap<number, Entry>): void {
  const builder = new EntriesBuilder()
  for (let i = 0; i < batch.rowCount; i++) builder.set(i, refreshed.get(i) ?? entryAt(batch.after, i)!)
  batch.after = builder.take(batch.rowCount)
}

function problemAt(batch: Batch, i: number, code: ProblemCode, detail: string) {
  const path = pathAt(batch, dirIndexOf(batch, i), i)
  return { rowCount: i, problem: { path, code, phase: 'scan' as const, detail } }
}
