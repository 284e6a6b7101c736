/**
 * One content on its way into a stream: as a whole in pieces, or as a recipe where that is shorter; or the problem that says
 * why not (spec §8.3).
 */
import { Limits } from '../../base/constants.ts'
import { RefusedError } from '../../base/errors.ts'
import { closeFd } from '../../host/entry/dir.ts'
import { findHoles } from '../../host/entry/read-holes.ts'
import { stx } from '../../host/entry/statx.ts'
import { createHasher } from '../../host/native/blake3.ts'
import {
  hashFile,
  idOf,
  openChecked,
  type ReadFailure,
  readNext,
  readPiece,
  readSmallFile,
} from '../../host/walk/read-content.ts'
import { quotePath } from '../../model/escape.ts'
import type { Hole } from '../../model/holes.ts'
import type { Item } from '../../model/item.ts'
import { compareBytes, joinPath } from '../../model/path.ts'
import { ContentError } from './delta.ts'
import type { Deltas } from './deltas.ts'
import type { Source, Wanted } from './wanted.ts'

/** Sends one content, or says why not. Returns whether it was sent. @throws RefusedError `changed` */
export function* sendContent(wanted: Wanted, source: Source, deltas: Deltas | null): Generator<Item, boolean> {
  const { id, size } = wanted
  if (size > Limits.pieceBytesMax) return yield* sendLarge(wanted, source, deltas)
  const bytes = wanted.bytes ?? readVerified(wanted, source)
  if (!(bytes instanceof Uint8Array)) return yield* failed(wanted, bytes)
  const read = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length)
  if (deltas?.mayHave(id) && (yield* deltas.send({ id, size, holes: [], read }, wanted.basis))) return true
  yield { kind: 'content', piece: { id, size, offset: 0, bytes }, isVerified: true }
  return true
}

function pathOf(wanted: Wanted): Uint8Array {
  return joinPath(wanted.dir, wanted.name)
}

function* failed(wanted: Wanted, { code, detail }: ReadFailure): Generator<Item, boolean> {
  yield { kind: 'problem', problem: { path: pathOf(wanted), code, phase: 'pack', detail } }
  return false
}

const OTHER_BYTES: ReadFailure = { code: 'changed', detail: 'content' }

function readVerified(wanted: Wanted, source: Source): Uint8Array | ReadFailure {
  const name = source.locate(wanted)
  if ('code' in name) return name
  const bytes = readSmallFile(name, wanted)
  return bytes instanceof Uint8Array && compareBytes(idOf(bytes), wanted.id) !== 0 ? OTHER_BYTES : bytes
}

/**
 * A content of several pieces cannot be taken back once its first piece was sent, so the file is hashed before, unless its id is
 * fresh or its change time proves that the id still holds; and again while it is sent.
 */
function* sendLarge(wanted: Wanted, source: Source, deltas: Deltas | null): Generator<Item, boolean> {
  const name = source.locate(wanted)
  if ('code' in name) return yield* failed(wanted, name)
  const opened = openChecked(name, wanted)
  if (typeof opened !== 'number') return yield* failed(wanted, opened)
  try {
    const holes = findHoles(opened, wanted.size)
    if (deltas?.mayHave(wanted.id) || (deltas !== null && holes.length > 0)) {
      const outcome = yield* sendDelta(wanted, opened, holes, deltas)
      if (outcome instanceof ContentError) return yield* failed(wanted, { code: 'changed', detail: outcome.message })
      if (outcome) {
        // RACE: the recipe was found in the file as it was; its literals were read afterwards.
        const now = openChecked(name, wanted)
        if (typeof now !== 'number') throw changedMeanwhile(wanted, now.detail)
        closeFd(now)
        return true
      }
    }
    const isUntouched = stx.ctimeSec() === wanted.ctimeSec && stx.ctimeNsec() === wanted.ctimeNsec
    if (!wanted.isFresh && !isUntouched) {
      const found = hashFile(name, wanted)
      const failure = found instanceof Uint8Array ? (compareBytes(found, wanted.id) === 0 ? null : OTHER_BYTES) : found
      if (failure !== null) return yield* failed(wanted, failure)
    }
    yield* sendPieces(wanted, opened)
    return true
  } finally {
    closeFd(opened)
  }
}

/** Answers whether a recipe was sent; an error where the file is not what its id says, and nothing was sent. */
function* sendDelta(
  wanted: Wanted,
  fd: number,
  holes: readonly Hole[],
  deltas: Deltas,
): Generator<Item, boolean | ContentError> {
  const { id, size, basis } = wanted
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = readNext(fd, offset, length, holes)
    if (!(bytes instanceof Uint8Array)) throw new ContentError(bytes.detail)
    return bytes
  }
  try {
    return yield* deltas.send({ id, size, holes, read }, basis)
  } catch (error) {
    if (!(error instanceof ContentError)) throw error
    if (error.isBegun) throw changedMeanwhile(wanted, error.message)
    return error
  }
}

function* sendPieces(wanted: Wanted, fd: number): Iterable<Item> {
  const { id, size } = wanted
  const hasher = createHasher()
  for (let offset = 0; offset < size; ) {
    const bytes = readPiece(fd, offset, size - offset)
    if (!(bytes instanceof Uint8Array)) throw changedMeanwhile(wanted, bytes.detail)
    hasher.update(bytes)
    // RACE: bytes that changed since the file was hashed are noticed with the last piece, which is then not sent.
    if (offset + bytes.length === size && compareBytes(hasher.finish(), id) !== 0)
      throw changedMeanwhile(wanted, 'content')
    yield { kind: 'content', piece: { id, size, offset, bytes }, isVerified: true }
    offset += bytes.length
  }
}

function changedMeanwhile(wanted: Wanted, detail: string): RefusedError {
  const what = `${quotePath(pathOf(wanted))}: the file changed while it was sent (${detail})`
  return new RefusedError('changed', `${what}. The stream is incomplete on purpose; scan the tree and pack again.`)
}
