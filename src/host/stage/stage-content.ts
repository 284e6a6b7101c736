/**
 * The contents that the rows of one batch need, written into the stage as they come: each is hashed against its id, and
 * equal contents are written once for each row that needs them.
 */
import { assert } from '../../base/assert.ts'
import { FormatError } from '../../base/errors.ts'
import { bytesAt, EMPTY, lengthAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { ContentMap } from '../../model/content-map.ts'
import { contentAt } from '../../model/entries.ts'
import type { Hole } from '../../model/holes.ts'
import type { ContentPiece, Recipe } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { openFile } from '../entry/see.ts'
import { copyFile, holesOf, setSize, writeAround, writeAt } from '../entry/write-file.ts'
import type { Frame } from '../journal/journal-frame.ts'
import { isInside, ordinalName, stageDirOf } from '../journal/stage-place.ts'
import { createHasher, type Hasher, hashBytes } from '../native/blake3.ts'
import { nameAddress } from '../native/c-string.ts'
import { hostError } from '../native/call.ts'
import { libc } from '../native/libc.ts'
import { keepsGid, keepsUid, keptMode } from '../target/keeper.ts'
import type { FileSink } from './file-sink.ts'
import type { Stage } from './stage.ts'
import { closeNew, createFile, enterStage, rowPath, type StagedRow } from './stage-object.ts'

export type Contents = {
  stage: Stage
  /** Takes the plain files. */
  files: FileSink
  /** Rows that wait for a content. */
  wanted: ContentMap<StagedRow[]>
  /** Rows whose content has no id: the stream cannot bring it. */
  unnamed: StagedRow[]
  /** The content whose pieces are coming. */
  open: OpenContent | null
  /** Bytes written. */
  bytes: number
  /** The stage directory of the rows, computed once for the neighbours in it. */
  dir: { frame: Frame; d: number; path: Uint8Array } | null
}

/** A file that is being written, and what it is to become. */
export type OpenContent = {
  id: Uint8Array
  size: number
  row: StagedRow
  path: Uint8Array
  fd: number
  offset: number
  holes: Hole[]
  /** Null where whoever gives the pieces verifies them. */
  hasher: Hasher | null
}

export function createContents(stage: Stage, files: FileSink): Contents {
  return { stage, files, wanted: new ContentMap(), unnamed: [], open: null, bytes: 0, dir: null }
}

/** Says that a row waits for its content. */
export function want(contents: Contents, row: StagedRow): void {
  const after = row.frame.batch.after!
  const id = contentAt(after, row.i)
  if (id.length === 0) {
    contents.unnamed.push(row)
    return
  }
  const size = after.size[row.i]!
  const rows = contents.wanted.get(id, size)
  if (rows === undefined) contents.wanted.set(id, size, [row])
  else rows.push(row)
}

/** True where a row waits for this content. */
export function isWanted({ wanted }: Contents, { id, size }: ContentPiece | Recipe): boolean {
  return wanted.get(id, size) !== undefined
}

/**
 * Takes the next piece of the stream; one that no row waits for is passed over.
 * @param isVerified whether whoever gives the pieces of this content has hashed them
 * @throws FormatError `content-mismatch`, `bad-content`
 * @throws HostError
 */
export function takePiece(contents: Contents, piece: ContentPiece, isVerified: boolean): void {
  if (contents.open === null) {
    if (piece.offset !== 0) return
    const rows = contents.wanted.get(piece.id, piece.size)
    if (rows === undefined) return
    if (piece.bytes.length === piece.size) {
      if (!isVerified && compareBytes(hashBytes(piece.bytes), piece.id) !== 0) throw mismatch()
      takeWhole(contents, rows, piece)
      return
    }
    contents.open = openContent(contents, piece.id, piece.size, isVerified ? null : createHasher())
  }
  const { open } = contents
  assert(isVerified || open.hasher !== null, 'all pieces of a content are verified, or none')
  if (compareBytes(open.id, piece.id) !== 0 || piece.offset !== open.offset) {
    throw new FormatError('bad-content', 0, 'pieces of a content are not consecutive')
  }
  appendTo(contents, open, piece.bytes)
  if (open.offset === open.size) {
    contents.open = null
    if (!finishContent(contents, open)) throw mismatch()
  }
}

function mismatch(): FormatError {
  return new FormatError('content-mismatch', 0, 'the pieces of a content do not hash to its id')
}

/** The usual case: a content in one piece. */
function takeWhole(contents: Contents, rows: StagedRow[], piece: ContentPiece): void {
  for (const row of rows) {
    contents.bytes += piece.size
    if (isPlain(row)) {
      addPlain(contents, row, piece.bytes)
      continue
    }
    const path = rowPath(row)
    const fd = createFor(contents, row, path)
    try {
      writePiece(fd, piece.bytes, 0, holesFor(row), path)
      if (hasHoles(row)) setSize(fd, piece.size, path)
    } catch (error) {
      libc.close(fd)
      throw error
    }
    closeNew(contents.stage.keeper, fd, row, path)
  }
  contents.wanted.delete(piece.id, piece.size)
}

/** True for a file that can be made with many others: it has no attributes and no holes. */
function isPlain({ frame, i }: StagedRow): boolean {
  const after = frame.batch.after!
  return (
    (after.xattrs === null || lengthAt(after.xattrs, i) === 0) &&
    (after.hints === null || after.hints.holes === null || lengthAt(after.hints.holes, i) === 0)
  )
}

function addPlain(contents: Contents, row: StagedRow, bytes: Uint8Array): void {
  const { frame, d, i } = row
  const { keeper } = contents.stage
  const after = frame.batch.after!
  const isIn = isInside(frame, d, i)
  contents.files.add(
    isIn ? stageDirFor(contents, row) : EMPTY,
    isIn ? bytesAt(frame.batch.names, i) : ordinalName(frame.firstOrdinal + i),
    bytes,
    {
      mode: keptMode(keeper, after, i),
      uid: keepsUid(keeper, after.uid[i]!) ? after.uid[i]! : keeper.createdUid,
      gid: keepsGid(keeper, after.gid[i]!) ? after.gid[i]! : keeper.createdGid,
      mtimeSec: after.mtimeSec[i]!,
      mtimeNsec: after.mtimeNsec[i]!,
    },
  )
}

function hasHoles({ frame, i }: StagedRow): boolean {
  const hints = frame.batch.after!.hints
  return hints !== null && optionalBytesAt(hints.holes, i).length > 0
}

const NO_HOLES: Hole[] = []

function holesFor(row: StagedRow): Hole[] {
  return hasHoles(row) ? holesOf(optionalBytesAt(row.frame.batch.after!.hints!.holes, row.i)) : NO_HOLES
}

function writePiece(fd: number, bytes: Uint8Array, offset: number, holes: Hole[], path: Uint8Array): void {
  if (holes.length === 0) writeAt(fd, bytes, offset, path)
  else writeAround(fd, bytes, offset, holes, path)
}

function createFor(contents: Contents, row: StagedRow, path: Uint8Array): number {
  const { stage } = contents
  const [dirFd, name] = placeOf(contents, row)
  return createFile(stage.keeper, dirFd, name, row.frame.batch.after!, row.i, path)
}

function placeOf(contents: Contents, row: StagedRow): [number, Uint8Array] {
  return enterStage(contents.stage, row, stageDirFor(contents, row))
}

/** The same array for neighbours in a directory. */
function stageDirFor(contents: Contents, { frame, d }: StagedRow): Uint8Array {
  if (contents.dir === null || contents.dir.frame !== frame || contents.dir.d !== d) {
    contents.dir = { frame, d, path: stageDirOf(frame, d) }
  }
  return contents.dir.path
}

/** Starts the file of the first row that waits for a content. @throws HostError */
export function openContent(contents: Contents, id: Uint8Array, size: number, hasher: Hasher | null): OpenContent {
  return openContentOf(contents, contents.wanted.get(id, size)![0]!, hasher)
}

/** Starts the file of a row, whose content has an id. @throws HostError */
export function openContentOf(contents: Contents, row: StagedRow, hasher: Hasher | null): OpenContent {
  const after = row.frame.batch.after!
  const path = rowPath(row)
  const fd = createFor(contents, row, path)
  const id = contentAt(after, row.i).slice()
  return { id, size: after.size[row.i]!, row, path, fd, offset: 0, holes: holesFor(row), hasher }
}

/** Writes the next bytes of an open content. @throws HostError */
export function appendTo(contents: Contents, open: OpenContent, bytes: Uint8Array): void {
  open.hasher?.update(bytes)
  writePiece(open.fd, bytes, open.offset, open.holes, open.path)
  open.offset += bytes.length
  contents.bytes += bytes.length
}

/**
 * Completes an open content, for every row that waits for it.
 * @returns false where its bytes are not those of its id; the file is then gone
 * @throws HostError
 */
export function finishContent(contents: Contents, open: OpenContent): boolean {
  if (!sealContent(contents, open)) return false
  const [, ...others] = contents.wanted.get(open.id, open.size)!
  contents.wanted.delete(open.id, open.size)
  for (const row of others) copyStaged(contents, open.row, row)
  return true
}

/** Completes an open content for the row that it was opened for. @returns and @throws as finishContent */
export function sealContent(contents: Contents, open: OpenContent): boolean {
  if (open.offset !== open.size || (open.hasher !== null && compareBytes(open.hasher.finish(), open.id) !== 0)) {
    dropContent(contents, open)
    return false
  }
  try {
    if (open.holes.length > 0) setSize(open.fd, open.size, open.path)
  } catch (error) {
    libc.close(open.fd)
    throw error
  }
  closeNew(contents.stage.keeper, open.fd, open.row, open.path)
  return true
}

/** Gives up an open content: its rows still wait. */
export function dropContent(contents: Contents, open: OpenContent): void {
  libc.close(open.fd)
  const [dirFd, name] = placeOf(contents, open.row)
  libc.unlinkat(dirFd, nameAddress(name), 0)
}

/** Copies a file that is staged already to another row with the same content. */
function copyStaged(contents: Contents, from: StagedRow, to: StagedRow): void {
  const path = rowPath(to)
  const [fromDir, fromName] = placeOf(contents, from)
  const inFd = openFile(fromDir, fromName, null)
  if (inFd === -1) throw hostError('open', path)
  try {
    const size = to.frame.batch.after!.size[to.i]!
    const fd = createFor(contents, to, path)
    try {
      copyFile(inFd, fd, size, path)
    } catch (error) {
      libc.close(fd)
      throw error
    }
    closeNew(contents.stage.keeper, fd, to, path)
    contents.bytes += size
  } finally {
    libc.close(inFd)
  }
}

/** What is still waited for; the contents then wait for nothing. */
export function takeWanted(contents: Contents): StagedRow[] {
  const rows = [...contents.unnamed, ...contents.wanted.values().flat()]
  contents.unnamed = []
  contents.wanted.clear()
  contents.dir = null
  return rows
}

/** Closes what is open, on the way out. */
export function closeContents(contents: Contents): void {
  if (contents.open !== null) libc.close(contents.open.fd)
  contents.open = null
}
