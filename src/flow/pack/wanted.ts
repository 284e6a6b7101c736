/**
 * The rows of a batch whose contents have to be sent, as pack needs them once the batch itself was handed on; and the rows
 * that get their content id here, for only reading the file can tell it.
 */
import { Kind, Limits } from '../../base/constants.ts'
import { DirStack } from '../../host/entry/dir-stack.ts'
import { libc } from '../../host/native/libc.ts'
import {
  type FileName,
  hashFile,
  idOf,
  openFailure,
  type ReadFailure,
  readSmallFile,
  type Stamp,
} from '../../host/walk/read-content.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { bytesAt, EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent, ID_BYTES, NO_BYTES_ID } from '../../model/entries.ts'
import { isSameInodeMove, isSettled, isSuspect, needsContent } from '../../model/need.ts'
import type { Problem } from '../../model/problem.ts'
import { ALL_DIFFERENCES, createCompare } from '../../tree/compare.ts'
import { selectRows } from '../../tree/select-rows.ts'
import type { Basis } from './readable.ts'

export type Wanted = Stamp & {
  dir: Uint8Array
  name: Uint8Array
  id: Uint8Array
  /** The bytes, where they were read for the id; null where they are to be read (again). */
  bytes: Uint8Array | null
  /** Whether the id was found by reading the file just now. */
  isFresh: boolean
  /** When the inode changed last, as the scan saw it; -1 nanoseconds where it did not say. */
  ctimeSec: number
  ctimeNsec: number
  /** What stood at its place before. */
  basis: Basis
}

/** Where files are read. */
export type Source = {
  /** Where the file of a row is to be opened, good until the next call; or why its directory cannot be entered. */
  locate(row: Wanted): FileName | ReadFailure
  close(): void
}

/** @param rootFd stays the caller's */
export function createSource(rootFd: number): Source {
  const stack: DirStack = new DirStack(rootFd)
  const place: FileName = { dirFd: -1, heap: EMPTY, start: 0, end: 0 }
  let entered: Uint8Array | null = null
  let failure: ReadFailure | null = null
  return {
    locate({ dir, name }) {
      if (dir !== entered) {
        place.dirFd = stack.enter(dir)
        failure = place.dirFd === -1 ? openFailure(libc.errno()) : null
        entered = dir
      }
      place.heap = name
      place.end = name.length
      return failure ?? place
    },
    close: () => stack.close(),
  }
}

export type Prepared = {
  /** The batch with ids in it, without rows that turned out to be no change; null where none is left. */
  batch: Batch | null
  wanted: Wanted[]
  problems: Problem[]
  /** Whether any row got an id. */
  isFilled: boolean
}

/** Bytes that are kept of one batch from the first reading to the sending; larger contents are read twice. */
const KEPT_BYTES_MAX = 32 << 20

const compare = createCompare({ ignoreTimes: false, sizeOnly: false, ignored: new Set() })

/** Finds what the batch wants and fills in the ids that it lacks. The batch is the caller's to give away: it is changed. */
export function prepareBatch(source: Source, batch: Batch): Prepared {
  const prepared: Prepared = { batch, wanted: [], problems: [], isFilled: false }
  const { before, after } = batch
  if (after === null) return prepared
  const dropped = new Set<number>()
  let keptBytes = 0
  let lastD = -1
  let dir: Uint8Array = new Uint8Array(0)
  forEachRow(batch, (d, i) => {
    if (after.kind[i] !== Kind.file || isSettled(batch, i)) return
    if (after.size[i] === 0) fillEmpty(prepared, after, i)
    if (!needsContent(before, after, i)) return
    if (d !== lastD) dir = new Uint8Array(bytesAt(batch.dirs, d))
    lastD = d
    const wanted = wantedAt(batch, dir, i)
    if (wanted.id.length === 0) {
      const wasSuspect = before !== null && before.kind[i] === Kind.file && isSuspect(before, after, i)
      const failure = findId(source, wanted, keptBytes < KEPT_BYTES_MAX)
      if (failure !== null) {
        prepared.problems.push({ path: pathAt(batch, d, i), phase: 'pack', ...failure })
        return
      }
      setContent(after, i, wanted.id)
      prepared.isFilled = true
      if (isSameInodeMove(after, i)) return
      if (wasSuspect && hasContent(before, i) && !needsContent(before, after, i)) {
        if ((compare(before, i, after, i) & ALL_DIFFERENCES) === 0) dropped.add(i)
        return
      }
      keptBytes += wanted.bytes?.length ?? 0
    }
    prepared.wanted.push(wanted)
  })
  if (dropped.size > 0) prepared.batch = selectRows(batch, (i) => !dropped.has(i))
  return prepared
}

function fillEmpty(prepared: Prepared, after: Entries, i: number): void {
  if (hasContent(after, i) || optionalBytesAt(after.link, i).length > 0) return
  setContent(after, i, NO_BYTES_ID)
  prepared.isFilled = true
}

function setContent(entries: Entries, i: number, id: Uint8Array): void {
  entries.content ??= new Uint8Array(entries.count * ID_BYTES)
  entries.content.set(id, i * ID_BYTES)
}

/** Everything is copied: whoever gets the batch may do with it what he likes. */
function wantedAt(batch: Batch, dir: Uint8Array, i: number): Wanted {
  const after = batch.after!
  const { hints } = after
  return {
    dir,
    name: new Uint8Array(bytesAt(batch.names, i)),
    size: after.size[i]!,
    mtimeSec: after.mtimeSec[i]!,
    mtimeNsec: after.mtimeNsec[i]!,
    ctimeSec: hints === null ? 0 : hints.ctimeSec[i]!,
    ctimeNsec: hints === null ? -1 : hints.ctimeNsec[i]!,
    id: new Uint8Array(contentAt(after, i)),
    bytes: null,
    isFresh: false,
    basis: basisAt(batch.before, i),
  }
}

function basisAt(before: Entries | null, i: number): Basis {
  if (before === null || before.kind[i] !== Kind.file || !hasContent(before, i)) return null
  return { id: new Uint8Array(contentAt(before, i)), size: before.size[i]! }
}

function findId(source: Source, wanted: Wanted, keepsBytes: boolean): ReadFailure | null {
  const name = source.locate(wanted)
  if ('code' in name) return name
  const isKept = keepsBytes && wanted.size <= Limits.pieceBytesMax
  const result = isKept ? readSmallFile(name, wanted) : hashFile(name, wanted)
  if (!(result instanceof Uint8Array)) return result
  wanted.isFresh = true
  wanted.id = isKept ? idOf(result) : result
  if (isKept) wanted.bytes = result
  return null
}
