/**
 * Adds the contents that the rows of a stream need (spec §8.3), read from the tree that the rows describe. Contents follow the
 * rows frame that needs them; what the stream brings already passes through and is not added twice. Of a plan only what
 * there is to do is sent on. Memory: one batch, 32 MiB of small files, a bounded table of what was sent, and the old files'
 * chunks where they are given.
 */
import type { Monitor } from '../../base/monitor.ts'
import { closeFd, openRoot } from '../../host/entry/dir.ts'
import { openFileTree } from '../../host/walk/file-tree.ts'
import type { Batch } from '../../model/batch.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { contentKeys } from '../../model/entries.ts'
import type { End, Header, Item, StreamKind } from '../../model/item.ts'
import { joinPath, pathKey } from '../../model/path.ts'
import { invertBatch } from '../../tree/invert.ts'
import { withoutDone } from '../plan/todo.ts'
import { Deltas } from './deltas.ts'
import { noOldFiles, type OldFiles } from './old-files.ts'
import { createOrigins, type Origins } from './origins.ts'
import { sendContent } from './send-content.ts'
import type { Trees } from './squeeze.ts'
import { createSource, type Prepared, prepareBatch, type Source } from './wanted.ts'

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
  /** zstd level that the stream is written at from now on; null for the one that it has. */
  level: number | null
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
    for await (const item of withoutDone(items)) {
      if (item.kind === 'rows' || item.kind === 'end') {
        await packer.learnOld()
        yield* sendBoth(packer, inverse)
      }
      if (item.kind === 'header') {
        const { header } = item
        const level = options.level ?? header.level
        packer.start({ ...header, level })
        const dataBefore = inverse !== null || header.dataBefore
        yield { kind: 'header', header: { ...header, level, data: true, dataBefore } }
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
  #kind: StreamKind = 'changeset'
  #level = 0
  readonly #root: Uint8Array
  readonly #rootFd: number
  readonly #source: Source
  readonly #monitor: Monitor
  /** Where contents of earlier batches went, for recipes; null for none. */
  readonly #origins: Origins | null
  readonly #basis: Uint8Array | null
  #askOld: PackOptions['old']
  #trees: Trees | null = null
  /** Null where contents go in as wholes. */
  #deltas: Deltas | null = null
  #prepared: Prepared | null = null
  /** Ids that came or were sent since the batch: one content serves every row of the batch that has its id. */
  readonly #sent = new Set<string>()
  #isFilled = false

  /** @param root path of the tree whose files are read. @throws HostError */
  constructor(root: Uint8Array, { monitor, old, basis, both }: PackOptions) {
    this.#root = root
    this.#rootFd = openRoot(root)
    this.#source = createSource(this.#rootFd)
    this.#monitor = monitor
    this.#origins = both ? null : createOrigins()
    this.#basis = basis
    this.#askOld = both ? null : old
  }

  /** What the header says. */
  start({ kind, level }: Header): void {
    this.#kind = kind
    this.#level = level
    if (this.#origins !== null) this.#deltas = new Deltas(noOldFiles(), null, level)
  }

  /** Before the first contents are sent: learns what need not be. */
  async learnOld(): Promise<void> {
    if (this.#askOld === null || (this.#prepared?.wanted.length ?? 0) === 0) return
    const old = await this.#askOld()
    this.#askOld = null
    if (old === null) return
    if (this.#basis !== null) this.#trees = { before: openFileTree(this.#basis), after: openFileTree(this.#root) }
    this.#deltas = new Deltas(old, this.#trees, this.#level)
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
    return this.#kind === 'snapshot' && this.#isFilled ? { ...end, to: EMPTY } : end
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
          const isSent = yield* sendContent(wanted, this.#source, this.#deltas)
          if (!isSent) continue
          this.#deltas?.noteSent({ path: joinPath(wanted.dir, wanted.name), id })
        } else {
          const ranges = [{ from: 'after' as const, path: origin, offset: 0, length: size }]
          yield { kind: 'recipe', recipe: { id, size, literals: EMPTY, ranges, squeezes: [] } }
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
    this.#trees?.before.close()
    this.#trees?.after.close()
    this.#source.close()
    closeFd(this.#rootFd)
  }
}
