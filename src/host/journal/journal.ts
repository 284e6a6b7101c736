/**
 * The journal: what was found and what is to be done, frame by frame on disk, so that memory stays flat however many rows
 * there are. A row is found again by its path; frames are read from either end. Once the decision is made, the journal
 * is all that is needed to go on or to go back.
 */
import { assert } from '../../base/assert.ts'
import { BugError } from '../../base/errors.ts'
import { firstPath } from '../../model/batch.ts'
import { type BytesColumn, startOf } from '../../model/bytes-column.ts'
import { compareBytes, comparePaths, compareRowPaths, splitPath } from '../../model/path.ts'
import { dirIndexOf } from '../../model/splice.ts'
import { readAt, readBuffer } from '../entry/see.ts'
import { writeRange } from '../entry/write-file.ts'
import { hashInto } from '../native/blake3.ts'
import { nameAddress } from '../native/c-string.ts'
import { check } from '../native/call.ts'
import { O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { openScratch } from '../stream/scratch.ts'
import { type CopiedUp, correctFrame } from './copied-up.ts'
import { decodeFrame, encodeFrame, type Frame } from './journal-frame.ts'

export const JOURNAL = Buffer.from('journal')
/** The file begins with a mark and what is true of the whole apply. */
export const FILE_HEAD_BYTES = 16
/** Before each frame: its length, as a float64, a mark, and the first bytes of its hash. */
export const HEAD_BYTES = 16
export const MARK = 0x464a5346
const CHECK_BYTES = 4
/** Frames that stay decoded: lookups go to the rows' own neighbourhood and to that of their parents. */
const CACHE_MAX = 12

/** What is true of a whole apply, as bits. */
export const JournalFlag = {
  /** Extended attributes are compared and set. */
  xattrs: 1,
  /** The root did not exist before. */
  madeRoot: 2,
  /** But for those of the trusted namespace. */
  hidesTrusted: 4,
} as const

export type Journal = {
  /** -1 as long as it has no file. */
  fd: number
  path: Uint8Array
  /** Bits of JournalFlag. */
  flags: number
  /** Offset behind the last frame. */
  size: number
  offsets: number[]
  lengths: number[]
  firstPaths: Uint8Array[]
  firstOrdinals: number[]
  /** Rows of the stream up to the end of the last frame; those of frames that were dropped are among them. */
  rowCount: number
  cache: Map<number, Frame>
  /** The frame that is being decided, not yet written: its rows are found too. */
  live: Frame | null
  /** What entries are by now that an overlay has copied up since they were seen; null where none was. */
  copiedUp: CopiedUp | null
}

/** A row's place in a frame. */
export type Found = { frame: Frame; d: number; i: number }

/** A journal without a file: rows of its live frame are found, but none is written yet. */
export function newJournal(path: Uint8Array): Journal {
  return emptyJournal(-1, path)
}

/** Gives a journal its file in the stage; what was written elsewhere so far is copied. @throws HostError */
export function moveToStage(journal: Journal, stageFd: number, journalFlags: number): void {
  const flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
  const old = journal.fd
  journal.fd = check('open', journal.path, () => libc.openat(stageFd, nameAddress(JOURNAL), flags, 0o600))
  journal.flags = journalFlags
  const head = new Uint32Array(32)
  head.set([MARK, journalFlags])
  writeAt(journal, addressOf(head), FILE_HEAD_BYTES, 0)
  if (old === -1) return
  const { bytes, address } = readBuffer()
  for (let at = FILE_HEAD_BYTES; at < journal.size; ) {
    const length = readAt(old, address, bytes.length, at, journal.path)
    if (length === 0) throw new BugError('the journal is shorter than its frames')
    writeAt(journal, address, length, at)
    at += length
  }
  libc.close(old)
}

/** Gives a journal a file that nobody will find, as long as nothing is to be done. @throws HostError */
export function keepAside(journal: Journal): void {
  if (journal.fd === -1) journal.fd = openScratch()
}

/** A journal without frames. */
export function emptyJournal(fd: number, path: Uint8Array): Journal {
  const index = { offsets: [], lengths: [], firstPaths: [], firstOrdinals: [], rowCount: 0 }
  return { fd, path, flags: 0, size: FILE_HEAD_BYTES, ...index, cache: new Map(), live: null, copiedUp: null }
}

/** Adds the frame that stands at the journal's end to its index. */
export function addFrame(journal: Journal, frame: Frame, length: number): void {
  journal.offsets.push(journal.size + HEAD_BYTES)
  journal.lengths.push(length)
  journal.size += HEAD_BYTES + length
  journal.firstPaths.push(firstPath(frame.batch))
  journal.firstOrdinals.push(frame.firstOrdinal)
  journal.rowCount = frame.firstOrdinal + frame.batch.rowCount
  remember(journal, journal.offsets.length - 1, frame)
}

/** The first bytes of a frame's hash: a frame that a crash has torn is known by it. */
export function checkOf(bytes: Uint8Array): number {
  const hash = Buffer.alloc(CHECK_BYTES)
  hashInto(hash, 0, CHECK_BYTES, bytes)
  return hash.readUInt32BE(0)
}

/** Starts a frame whose rows are found from now on; `appendLive` writes it. */
export function beginFrame(journal: Journal, frame: Frame): void {
  assert(journal.live === null, 'one frame at a time')
  assert(frame.firstOrdinal >= journal.rowCount)
  journal.live = frame
}

/** Writes the live frame behind the others. @throws HostError */
export function appendLive(journal: Journal): void {
  const frame = journal.live
  assert(frame !== null)
  const bytes = encodeFrame(frame)
  const block = new Uint8Array(HEAD_BYTES + bytes.length)
  const view = new DataView(block.buffer)
  new Float64Array(block.buffer, 0, 1)[0] = bytes.length
  view.setUint32(8, MARK)
  view.setUint32(12, checkOf(bytes))
  block.set(bytes, HEAD_BYTES)
  writeAt(journal, addressOf(block), block.length, journal.size)
  addFrame(journal, frame, bytes.length)
  journal.live = null
}

/** Gives the live frame up: its rows are then not found. */
export function dropLive(journal: Journal): void {
  assert(journal.live !== null)
  journal.live = null
}

/** Writes frame k anew after its operations or states were changed. @throws HostError */
export function rewriteFrame(journal: Journal, k: number, frame: Frame): void {
  const bytes = encodeFrame(frame)
  if (bytes.length !== journal.lengths[k]) throw new BugError('a frame keeps its length')
  const check = new Uint8Array(128)
  new DataView(check.buffer).setUint32(0, checkOf(bytes))
  writeAt(journal, addressOf(check), CHECK_BYTES, journal.offsets[k]! - CHECK_BYTES)
  writeAt(journal, addressOf(bytes), bytes.length, journal.offsets[k]!)
  remember(journal, k, frame)
}

function writeAt(journal: Journal, address: number, size: number, offset: number): void {
  writeRange(journal.fd, address, size, offset, journal.path)
}

/** Leaves a row out after all, with the state that says why. @throws HostError */
export function giveUp(journal: Journal, row: { frame: Frame; i: number }, state: number): void {
  changeRow(journal, row, (_, kept) => {
    kept.batch.state![row.i] = state
    return 0
  })
}

/** Gives a row other bits of Op than were decided. @throws HostError */
export function changeRow(
  journal: Journal,
  { frame, i }: { frame: Frame; i: number },
  change: (op: number, frame: Frame) => number,
): void {
  if (frame === journal.live) {
    frame.op[i] = change(frame.op[i]!, frame)
    return
  }
  const k = journal.firstOrdinals.lastIndexOf(frame.firstOrdinal)
  assert(k !== -1, 'the row is of this journal')
  const kept = frameAt(journal, k)
  kept.op[i] = change(kept.op[i]!, kept)
  rewriteFrame(journal, k, kept)
}

/** Says what entries are by now; frames are read again. */
export function correctFrames(journal: Journal, copiedUp: CopiedUp): void {
  journal.copiedUp = copiedUp
  journal.cache.clear()
}

/** Number of frames that are written. */
export function frameCount(journal: Journal): number {
  return journal.offsets.length
}

/** Frame k; the same object for as long as it stays in the cache. @throws HostError */
export function frameAt(journal: Journal, k: number): Frame {
  const cached = journal.cache.get(k)
  if (cached !== undefined) {
    remember(journal, k, cached)
    return cached
  }
  const bytes = new Uint8Array(journal.lengths[k]!)
  if (readAt(journal.fd, addressOf(bytes), bytes.length, journal.offsets[k]!, journal.path) < bytes.length) {
    throw new BugError('the journal is shorter than its frames')
  }
  const frame = decodeFrame(bytes)
  if (journal.copiedUp !== null) correctFrame(frame, journal.copiedUp)
  remember(journal, k, frame)
  return frame
}

/** A Map keeps the order of insertion: the first key is the one not used for longest. */
function remember(journal: Journal, k: number, frame: Frame): void {
  journal.cache.delete(k)
  journal.cache.set(k, frame)
  if (journal.cache.size > CACHE_MAX) journal.cache.delete(journal.cache.keys().next().value!)
}

/** The row of a path, or null where the rows so far have none. @throws HostError */
export function findRow(journal: Journal, path: Uint8Array): Found | null {
  const frame = frameOf(journal, path)
  return frame === null ? null : findInFrame(frame, path)
}

/** The frame that has the row of a path where any has: the last that begins at the path or before it. @throws HostError */
export function frameOf(journal: Journal, path: Uint8Array): Frame | null {
  const { live } = journal
  if (live !== null && compareRowPaths(path, firstPath(live.batch)) >= 0) return live
  let low = 0
  let high = journal.firstPaths.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareRowPaths(journal.firstPaths[middle]!, path) <= 0) low = middle + 1
    else high = middle
  }
  return low === 0 ? null : frameAt(journal, low - 1)
}

/** The row of an ordinal, or null where it was not kept. @throws HostError */
export function findOrdinal(journal: Journal, ordinal: number): Found | null {
  const { live, firstOrdinals } = journal
  if (live !== null && ordinal >= live.firstOrdinal) return foundAt(live, ordinal)
  let low = 0
  let high = firstOrdinals.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (firstOrdinals[middle]! <= ordinal) low = middle + 1
    else high = middle
  }
  return low === 0 ? null : foundAt(frameAt(journal, low - 1), ordinal)
}

function foundAt(frame: Frame, ordinal: number): Found | null {
  const i = ordinal - frame.firstOrdinal
  return i < frame.batch.rowCount ? { frame, d: dirIndexOf(frame.batch, i), i } : null
}

function findInFrame(frame: Frame, path: Uint8Array): Found | null {
  const { dirs, dirRowEnds, names } = frame.batch
  const { dir, name } = splitPath(path)
  const d = search(dirs, 0, dirRowEnds.length, dir, comparePaths)
  if (d < 0) return null
  const i = search(names, d === 0 ? 0 : dirRowEnds[d - 1]!, dirRowEnds[d]!, name, compareBytes)
  return i < 0 ? null : { frame, d, i }
}

type Compare = (a: Uint8Array, b: Uint8Array) => number

/** Index of `wanted` in column[start..end), which ascends; -1 where it is not. */
export function search(column: BytesColumn, start: number, end: number, wanted: Uint8Array, compare: Compare): number {
  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compare(column.heap.subarray(startOf(column, middle), column.ends[middle]!), wanted)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle
  }
  return -1
}

/** Makes what was written outlive a power cut. @throws HostError */
export function syncJournal(journal: Journal): void {
  check('fdatasync', journal.path, () => libc.fdatasync(journal.fd))
}

export function closeJournal(journal: Journal): void {
  if (journal.fd !== -1) libc.close(journal.fd)
  journal.fd = -1
}
