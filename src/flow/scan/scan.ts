/**
 * A tree on disk to a snapshot (spec §7): header, rows with an after side, problems before the rows they concern, end. The same
 * tree and options give the same items, whatever the number of threads.
 */
import { hostname } from 'node:os'
import { HostError } from '../../base/errors.ts'
import type { Monitor } from '../../base/monitor.ts'
import { type Accounts, createAccounts } from '../../host/entry/accounts.ts'
import { absolutePath, closeFd, openRoot } from '../../host/entry/dir.ts'
import { readPrivileges } from '../../host/entry/privileges.ts'
import { statxFd, stx } from '../../host/entry/statx.ts'
import { check } from '../../host/native/call.ts'
import { collectYoung } from '../../host/native/collect-young.ts'
import { freeBuffers } from '../../host/thread/free-buffers.ts'
import { Pool } from '../../host/thread/threads.ts'
import { FileHasher } from '../../host/walk/hash-files.ts'
import { createWalker, type FileId } from '../../host/walk/walk.ts'
import type { Batch } from '../../model/batch.ts'
import { BatchCutter, type CutBatch } from '../../model/batch-cutter.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { Header, Item } from '../../model/item.ts'
import { OwnersBuilder } from '../../model/owners.ts'
import type { Piece } from '../../model/piece.ts'
import { checkFilters } from '../../tree/filter.ts'
import { createChunkTap, LISTED_SIZE_MIN } from './chunk-lists.ts'
import { OldIds } from './old-ids.ts'
import { excludesOf } from './scan-filters.ts'
import { type IdentifiedBatch, withIds } from './scan-ids.ts'
import { LinkNames } from './scan-links.ts'
import type { ScanWorkerData } from './scan-worker.ts'
import { usualShares, walkInOrder } from './walk-in-order.ts'

export type ScanOptions = {
  /** The directory as the user named it; here alone symlinks are followed. */
  root: Uint8Array
  /** Mount points are recorded, not entered: each is a problem `other-filesystem`, which is a note and no failure. */
  oneFileSystem: boolean
  xattrs: boolean
  /** Whether every regular file is read for its content id. */
  digest: 'none' | 'blake3'
  /** Whether files that are not small get a chunk list; used with digest blake3. */
  chunks: boolean
  /** An older snapshot of the tree to take ids from, from its header on; used with digest blake3. It is closed. */
  reuse: AsyncIterable<Item> | null
  /** Filter rules (tree/filter.ts) in the order they were given. */
  filters: string[]
  /** The file that the snapshot is written to: left out of it. */
  outputFile: FileId | null
  /** Threads that work at a time, this one among them; others are started when there is enough to do. */
  threadCount: number
  /** For the header. */
  tool: string
  level: number
  comment: string
  /** Counts rows, and bytes read. */
  monitor: Monitor
}

/** For a snapshot of names and metadata that is used on the spot, and written nowhere. */
export const USED_HERE = {
  digest: 'none',
  chunks: false,
  reuse: null,
  outputFile: null,
  tool: '',
  level: 1,
  comment: '',
} as const

/** Entries that changed this shortly before the scan are marked racy: clocks of filesystems tick in up to 2 s (FAT). */
const RACY_SECONDS = 2
/** Rows after which the memory of their columns is given back: some ten megabytes. */
const ROWS_A_COLLECTION = 32_768

/**
 * The items of the snapshot; ids in the end record are the writer's to fill in.
 * Throws HostError where the root cannot be opened, UsageError for filters that are none or that a header cannot keep, and what `reuse` throws.
 */
export async function* scan(options: ScanOptions): AsyncIterable<Item> {
  const racySinceSec = Math.floor(Date.now() / 1000) - RACY_SECONDS
  checkFilters(options.filters)
  const isExcluded = excludesOf(options.filters)
  const rootFd = openRoot(options.root)
  const { oneFileSystem, xattrs, outputFile, filters, threadCount } = options
  const walk = { rootFd, oneFileSystem, xattrs, racySinceSec, outputFile }
  const data: ScanWorkerData = { walk, filters }
  const pool = threadCount > 1 ? new Pool({ entry: 'scan-worker', threadCountMax: threadCount - 1, data }) : null
  const walker = createWalker({ ...walk, isExcluded, ownsThread: false })
  try {
    yield { kind: 'header', header: headerFor(options, rootFd) }
    const pieces = walkInOrder(walker, pool, usualShares(threadCount))
    yield* itemsOf(withDigest(cutInOrder(pieces), options, rootFd, pool), options.monitor)
  } finally {
    await pool?.close()
    walker.close()
    closeFd(rootFd)
  }
}

/** Batches in row order, with links. Pieces are freed as soon as their rows were taken over. */
async function* cutInOrder(pieces: AsyncIterable<Piece>): AsyncGenerator<CutBatch> {
  const cutter = new BatchCutter()
  const links = new LinkNames()
  const held: Batch[] = []
  for await (const { batch, ...piece } of pieces) {
    if (batch !== null) {
      links.fill(batch)
      held.push(batch)
    }
    const batches = cutter.push({ ...piece, batch })
    while (held.length > cutter.heldCount) freeBuffers(held.shift())
    yield* batches
  }
  const last = cutter.finish()
  if (last !== null) yield last
}

async function* withDigest(
  batches: AsyncIterable<CutBatch>,
  options: ScanOptions,
  rootFd: number,
  pool: Pool | null,
): AsyncGenerator<IdentifiedBatch> {
  const { digest, chunks, reuse, monitor, xattrs } = options
  if (digest === 'none') {
    for await (const batch of batches) yield { ...batch, chunks: [] }
    return
  }
  const plain = new FileHasher(rootFd, xattrs, null)
  const chunking = chunks ? new FileHasher(rootFd, xattrs, createChunkTap()) : null
  const old = reuse === null ? null : new OldIds(reuse, chunks ? LISTED_SIZE_MIN : Infinity)
  try {
    yield* withIds(batches, { hashers: { plain, chunking }, pool, old, monitor })
  } finally {
    plain.close()
    chunking?.close()
    await old?.close()
  }
}

async function* itemsOf(batches: AsyncIterable<IdentifiedBatch>, monitor: Monitor): AsyncGenerator<Item> {
  const accounts = createAccounts()
  let rowCount = 0
  let problemCount = 0
  for await (const { batch, problems, chunks } of batches) {
    for (const { problem } of problems) yield { kind: 'problem', problem }
    problemCount += problems.length
    if (batch === null) continue
    addOwners(batch, accounts)
    if (Math.floor((rowCount + batch.rowCount) / ROWS_A_COLLECTION) > Math.floor(rowCount / ROWS_A_COLLECTION))
      collectYoung()
    rowCount += batch.rowCount
    monitor.entries += batch.rowCount
    yield { kind: 'rows', batch }
    for (const list of chunks) yield { kind: 'chunks', chunks: list }
  }
  const end = { rowCount, contentCount: 0, contentBytes: 0, problemCount, judgedByTime: 0, from: EMPTY, to: EMPTY }
  yield { kind: 'end', end }
}

/** Names of the owners that the batch mentions. */
function addOwners(batch: Batch, accounts: Accounts): void {
  const owners = new OwnersBuilder()
  forEachDistinct(batch.after!.uid, (uid) => {
    const name = accounts.userName(uid)
    if (name !== null) owners.addUser(uid, name)
  })
  forEachDistinct(batch.after!.gid, (gid) => {
    const name = accounts.groupName(gid)
    if (name !== null) owners.addGroup(gid, name)
  })
  batch.owners = owners.take()
}

function forEachDistinct(column: Uint32Array, visit: (value: number) => void): void {
  const seen = new Set<number>()
  let last = -1
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!
    if (value === last) continue
    last = value
    if (!seen.has(value)) visit(value)
    seen.add(value)
  }
}

/** @throws HostError for a directory that was removed: it can be opened as `.`, and has no path any more */
function headerFor(options: ScanOptions, rootFd: number): Header {
  check('statx', options.root, () => statxFd(rootFd))
  if (stx.nlink() === 0) throw new HostError('ENOENT', 'statx', options.root)
  return {
    kind: 'snapshot',
    tool: options.tool,
    host: hostname(),
    root: absolutePath(rootFd),
    rootId: { devMajor: stx.devMajor(), devMinor: stx.devMinor(), ino: stx.ino() },
    digest: options.digest,
    xattrs: options.xattrs,
    trustedHidden: options.xattrs && !readPrivileges().maySetTrusted,
    filters: options.filters,
    level: options.level,
    data: false,
    dataBefore: false,
    ignored: [],
    comment: options.comment,
    features: [],
  }
}
