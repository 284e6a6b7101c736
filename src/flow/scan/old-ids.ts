/**
 * Content ids of an older snapshot of the same tree, for files that have not been touched since: size, mtime, ctime, inode and
 * device agree, and the old scan came safely after the file's last change (its `racy` hint is 0). Where chunk lists are wanted an id
 * is taken over with its list or not at all. One pass over both.
 */
import { Kind } from '../../base/constants.ts'
import { RefusedError } from '../../base/errors.ts'
import type { Batch } from '../../model/batch.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import type { Chunks, Item } from '../../model/item.ts'
import { pathKey } from '../../model/path.ts'
import { createCursor, feed, type MergeVisitor, mergeRows } from '../../tree/merge.ts'
import { setContent } from './scan-links.ts'

export class OldIds {
  readonly #items: AsyncIterator<Item>
  readonly #listedSizeMin: number
  /** The rows that were met behind the lists of the batch before; undefined where none was. */
  #ahead: Batch | null | undefined
  readonly #old = createCursor()
  readonly #new = createCursor()
  /** Chunk lists of the old batch by content id. */
  #oldLists = new Map<string, Chunks>()

  /**
   * @param items of a snapshot, from its header on
   * @param listedSizeMin files of this size and larger need a chunk list; Infinity where none does
   */
  constructor(items: AsyncIterable<Item>, listedSizeMin: number) {
    this.#items = items[Symbol.asyncIterator]()
    this.#listedSizeMin = listedSizeMin
  }

  /**
   * Fills what the old snapshot knows into a batch; batches come in row order. Throws what reading the old one throws.
   * @param lists gets the chunk lists of what was filled in
   */
  async fill(batch: Batch, lists: Map<string, Chunks>): Promise<void> {
    const visitor = this.#visitor(lists)
    feed(this.#new, batch)
    for (;;) {
      const need = mergeRows(this.#old, this.#new, visitor)
      if (need !== 'before') return
      const old = await this.#nextBatch()
      this.#oldLists = new Map()
      if (this.#listedSizeMin < Infinity) this.#ahead = await this.#readAhead()
      feed(this.#old, old)
    }
  }

  #visitor(lists: Map<string, Chunks>): MergeVisitor {
    return {
      markRows: () => null,
      onlyBefore() {},
      onlyAfter() {},
      both: (before, i, after, _d, j) => {
        if (!isUntouched(before.after!, i, after.after!, j)) return
        const id = contentAt(before.after!, i)
        if (after.after!.size[j]! >= this.#listedSizeMin && optionalBytesAt(after.after!.link, j).length === 0) {
          const list = this.#oldLists.get(pathKey(id))
          if (list === undefined) return
          lists.set(pathKey(id), list)
        }
        setContent(after.after!, j, id)
      },
    }
  }

  async close(): Promise<void> {
    await this.#items.return?.()
  }

  async #nextBatch(): Promise<Batch | null> {
    const ahead = this.#ahead
    this.#ahead = undefined
    return ahead === undefined ? this.#readAhead() : ahead
  }

  /** The next rows; on the way, chunk lists of the rows before are collected. */
  async #readAhead(): Promise<Batch | null> {
    for (;;) {
      const { done, value } = await this.#items.next()
      if (done === true || value.kind === 'end') return null
      if (value.kind === 'rows') return value.batch
      if (value.kind === 'chunks') this.#oldLists.set(pathKey(value.chunks.id), value.chunks)
      if (value.kind === 'header' && value.header.kind !== 'snapshot') {
        throw new RefusedError('wrong-kind', `the stream to reuse is a ${value.header.kind}; a snapshot is needed`)
      }
    }
  }
}

function isUntouched(old: Entries, i: number, now: Entries, j: number): boolean {
  if (now.kind[j] !== Kind.file || old.kind[i] !== Kind.file) return false
  const a = old.hints
  const b = now.hints
  if (a === null || b === null || a.racy[i] !== 0 || !hasContent(old, i)) return false
  return (
    old.size[i] === now.size[j] &&
    old.mtimeSec[i] === now.mtimeSec[j] &&
    old.mtimeNsec[i] === now.mtimeNsec[j] &&
    a.ctimeSec[i] === b.ctimeSec[j] &&
    a.ctimeNsec[i] === b.ctimeNsec[j] &&
    a.ino[i] === b.ino[j] &&
    a.devMajor[i] === b.devMajor[j] &&
    a.devMinor[i] === b.devMinor[j]
  )
}
