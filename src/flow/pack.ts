/**
 * Adds the contents that the rows of a stream need (spec §8.3), read from the tree that the rows describe. Contents follow the
 * rows frame that needs them; what the stream brings already passes through and is not added twice. A file that is not what
 * the scan saw is a problem with its path and is not sent: the row stays, and who applies the stream finds its content missing.
 * With `both` the contents of the tree before go in as well, so that the changeset can be inverted with its data.
 * Memory: one batch, 32 MiB of small files, a bounded table of what was sent, and the old files' chunks where they are given.
 */
import { Limits } from '../base/constants.ts'
import { RefusedError } from '../base/errors.ts'
import type { Monitor } from '../base/monitor.ts'
import { createHasher } from '../host/blake3.ts'
import { closeFd, openRoot } from '../host/dir.ts'
import { type OldTree, openOldTree } from '../host/old-tree.ts'
import { hashFile, idOf, openChecked, type ReadFailure, readPiece, readSmallFile } from '../host/read-content.ts'
import { stx } from '../host/statx.ts'
import type { Batch } from '../model/batch.ts'
import { EMPTY } from '../model/bytes-column.ts'
import { contentKeys } from '../model/entries.ts'
import { quotePath } from '../model/escape.ts'
import type { End, Item, StreamKind } from '../model/item.ts'
import { compareBytes, joinPath, pathKey } from '../model/path.ts'
import { invertBatch } from '../tree/invert.ts'
import { ContentError } from './delta.ts'
import { Deltas } from './deltas.ts'
import type { OldFiles } from './old-files.ts'
import { createOrigins, type Origins } from './origins.ts'
import { createSource, type Prepared, prepareBatch, type Source, type Wanted } from './wanted.ts'

export type PackOptions = {
  /** Path of the tree that the rows lead to: its files are read. */
  source: Uint8Array
  /** Tells what the tree before holds, which need not be sent; asked once there is something to send. Null where that is not known. */
  old: (() => Promise<OldFiles | null>) | null
  /** Path of the tree before, where its files can be read and `old` is known or `both` is wanted; null elsewhere. */
  basis: Uint8Array | null
  /**
   * Whether the contents that the inverse needs go in, too, read from `basis`. All contents then go in as wholes, for a
   * recipe cannot be turned around.
   */
  both: boolean
  /** `entries` counts the files that were sent, `bytes` their bytes. */
  monitor: Monitor
}

/**
 * The items with the contents that were missing.
 * @throws HostError where the source cannot be opened; RefusedError `changed` where a file of several pieces changed while
 *   its pieces were sent: the stream then lacks its end, and nobody applies it
 */
export async function* pack(items: AsyncIterable<Item>, options: PackOptions): AsyncIterable<Item> {
  const { source, basis, both } = options
  const packer = new Packer(source, options)
  let inverse: Packer | null = null
  try {
    if (both && basis !== null) inverse = new Packer(basis, options)
    for await (const item of items) {
      if (item.kind === 'rows' || item.kind === 'end') {
        await packer.learnOld()
        yield* sendBoth(packer, inverse)
      }
      if (item.kind === 'header') {
        packer.kind = item.header.kind
        const dataBefore = inverse !== null || item.header.dataBefore
        yield { kind: 'header', header: { ...item.header, data: true, dataBefore } }
      } else if (item.kind === 'rows') {
        const batch = startBoth(packer, inverse, item.batch)
        if (batch !== null) yield { kind: 'rows', batch }
        for (const problem of packer.takeProblems()) yield { kind: 'problem', problem }
        for (const problem of inverse?.takeProblems() ?? []) yield { kind: 'problem', problem }
      } else {
        noteItem(packer, item)
        if (inverse !== null) noteItem(inverse, item)
        yield item.kind === 'end' ? { kind: 'end', end: packer.endOf(item.end) } : item
      }
    }
  } finally {
    packer.close()
    inverse?.close()
  }
}

function noteItem(packer: Packer, item: Item): void {
  if (item.kind === 'content') packer.noteSent(item.piece.id)
  if (item.kind === 'recipe') packer.noteSent(item.recipe.id)
}

function startBoth(packer: Packer, inverse: Packer | null, given: Batch): Batch | null {
  const batch = packer.startBatch(given)
  if (inverse === null || batch === null) return batch
  const turned = inverse.startBatch(invertBatch(batch))
  if (turned === null || turned.rowCount < batch.rowCount) packer.forgetOthers(turned)
  return turned === null ? null : invertBatch(turned)
}

function* sendBoth(packer: Packer, inverse: Packer | null): Iterable<Item> {
  for (const item of packer.sendWanted()) {
    if (inverse !== null) noteItem(inverse, item)
    yield item
  }
  if (inverse !== null) yield* inverse.sendWanted()
}

/** What is known of the batch that was handed on last, and of what was sent before. */
class Packer {
  kind: StreamKind = 'changeset'
  readonly #rootFd: number
  readonly #source: Source
  readonly #monitor: Monitor
  /** Where contents of earlier batches went, for recipes; null for none. */
  readonly #origins: Origins | null
  readonly #basis: Uint8Array | null
  #askOld: PackOptions['old']
  #oldTree: OldTree | null = null
  #deltas: Deltas | null = null
  #prepared: Prepared | null = null
  /** Ids that came or were sent since the batch: one content serves every row of the batch that has its id. */
  readonly #sent = new Set<string>()
  #isFilled = false

  /** @param root path of the tree whose files are read. @throws HostError */
  constructor(root: Uint8Array, { monitor, old, basis, both }: PackOptions) {
    this.#rootFd = openRoot(root)
    this.#source = createSource(this.#rootFd)
    this.#monitor = monitor
    this.#origins = both ? null : createOrigins()
    this.#basis = basis
    this.#askOld = both ? null : old
  }

  /** Before the first contents are sent: learns what need not be. */
  async learnOld(): Promise<void> {
    if (this.#askOld === null || (this.#prepared?.wanted.length ?? 0) === 0) return
    const old = await this.#askOld()
    this.#askOld = null
    if (old === null) return
    if (this.#basis !== null) this.#oldTree = openOldTree(this.#basis)
    this.#deltas = new Deltas(old, this.#oldTree)
  }

  /** The batch as it goes on; its contents are sent when the next item asks for it. */
  startBatch(batch: Batch): Batch | null {
    this.#prepared = prepareBatch(this.#source, batch)
    this.#isFilled ||= this.#prepared.isFilled
    this.#sent.clear()
    return this.#prepared.batch
  }

  takeProblems(): Prepared['problems'] {
    return this.#prepared?.problems.splice(0) ?? []
  }

  /** Contents that no row of the tree before, as a batch of the inverse tells it, has any more. */
  forgetOthers(turned: Batch | null): void {
    const named = new Set(contentKeys(turned?.before ?? null))
    const { wanted } = this.#prepared!
    wanted.splice(0, wanted.length, ...wanted.filter(({ id }) => named.has(pathKey(id))))
  }

  noteSent(id: Uint8Array): void {
    this.#sent.add(pathKey(id))
  }

  /** Rows that got ids make another snapshot, with another tree id, which the writer finds. */
  endOf(end: End): End {
    return this.kind === 'snapshot' && this.#isFilled ? { ...end, to: EMPTY } : end
  }

  /** The contents of the batch that have not come yet, in row order. */
  *sendWanted(): Iterable<Item> {
    const wantedRows = this.#prepared?.wanted ?? []
    this.#prepared = null
    for (const wanted of wantedRows) {
      const { id, size } = wanted
      const key = pathKey(id)
      if (!this.#sent.has(key)) {
        const origin = this.#origins?.find(key, size) ?? null
        if (origin === null) {
          const isSent = yield* this.#send(wanted)
          if (!isSent) continue
          this.#deltas?.noteSent(pathOf(wanted))
        } else {
          const ranges = [{ from: 'after' as const, path: origin, offset: 0, length: size }]
          yield { kind: 'recipe', recipe: { id, size, literals: EMPTY, ranges } }
        }
        this.#sent.add(key)
        this.#monitor.entries++
        this.#monitor.bytes += size
      }
      this.#origins?.add(key, size, wanted.dir, wanted.name)
      wanted.bytes = null
    }
    if (this.#deltas !== null) yield* this.#deltas.flush()
  }

  close(): void {
    this.#oldTree?.close()
    this.#source.close()
    closeFd(this.#rootFd)
  }

  /** Sends one content, or says why not. Returns whether it was sent. */
  *#send(wanted: Wanted): Generator<Item, boolean> {
    const { id, size } = wanted
    if (size > Limits.pieceBytesMax) return yield* sendLarge(wanted, this.#source, this.#deltas)
    const bytes = wanted.bytes ?? readVerified(wanted, this.#source)
    if (!(bytes instanceof Uint8Array)) return yield* failed(wanted, bytes)
    const read = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length)
    if (this.#deltas !== null && (yield* this.#deltas.send({ id, size, read }, wanted.basis))) return true
    yield { kind: 'content', piece: { id, size, offset: 0, bytes }, isVerified: true }
    return true
  }
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
    if (deltas !== null) {
      const outcome = yield* sendDelta(wanted, opened, deltas)
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
function* sendDelta(wanted: Wanted, fd: number, deltas: Deltas): Generator<Item, boolean | ContentError> {
  const { id, size, basis } = wanted
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = readPiece(fd, offset, length)
    if (!(bytes instanceof Uint8Array)) throw new ContentError(bytes.detail)
    return bytes
  }
  try {
    return yield* deltas.send({ id, size, read }, basis)
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
