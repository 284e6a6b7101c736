/** Looks at what the target has of what a changeset says nothing about, and gives it to the rows (unsaid-rows.ts). */
import { Kind } from '../../base/constants.ts'
import { contentIdOf } from '../../host/check/check-content.ts'
import { type Glance, Looker } from '../../host/check/look.ts'
import { findRow, type Journal } from '../../host/journal/journal.ts'
import { locateAfter } from '../../host/journal/stage-place.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../../host/target/target-cursor.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { BytesColumnBuilder, bytesAt, EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import { isSameStamp } from '../../model/need.ts'
import { compareBytes, pathKey, splitPath } from '../../model/path.ts'
import { sayUnsaid, type There, type Unsaid } from './unsaid-rows.ts'

export class UnsaidFiller {
  readonly #looker: Looker
  readonly #cursor: Cursor
  readonly #journal: Journal
  readonly #unsaid: Unsaid
  readonly #believesTimes: boolean

  /**
   * @param rootFd the target's root; stays the caller's
   * @param journal the rows before
   * @param believesTimes size and time are to stand for contents
   */
  constructor(rootFd: number, journal: Journal, unsaid: Unsaid, believesTimes: boolean) {
    this.#looker = new Looker(rootFd, true, false)
    this.#cursor = createCursor(rootFd)
    this.#journal = journal
    this.#unsaid = unsaid
    this.#believesTimes = believesTimes
  }

  /**
   * The batch with what is not said, and what was seen for it.
   * @param glance what was seen beforehand, or null
   * @throws HostError
   */
  fill(batch: Batch, glance: Glance | null): { batch: Batch; glance: Glance } {
    const seen = glance ?? this.#looker.glance(batch)
    const { firsts, places } = this.#groupsOf(batch)
    const present = { seen: seen.seen, origins: this.#originsOf(batch, seen.seen, places), firsts }
    return { batch: sayUnsaid(batch, this.#unsaid, present, this.#believesTimes), glance: seen }
  }

  /** Of further names: rows of the first ones, which come before them, or where those are now that have none. */
  #groupsOf(batch: Batch): { firsts: Map<number, There | number>; places: Map<number, Uint8Array> } {
    const firsts = new Map<number, There | number>()
    const places = new Map<number, Uint8Array>()
    const { after } = batch
    if (after === null || after.link === null) return { firsts, places }
    const own = new Map<string, number>()
    forEachRow(batch, (d, i) => {
      if (after.kind[i] === Kind.absent) return
      own.set(pathKey(pathAt(batch, d, i)), i)
      const link = optionalBytesAt(after.link, i)
      if (link.length === 0) return
      const first = own.get(pathKey(link)) ?? this.#earlier(link)
      if (first !== null) firsts.set(i, first)
      else places.set(i, this.#placeNow(batch, own, link))
    })
    return { firsts, places }
  }

  /** Where the entry of a path of the new tree is now: a directory above may be moved by a row before. */
  #placeNow({ after }: Batch, own: ReadonlyMap<string, number>, path: Uint8Array): Uint8Array {
    for (let { dir } = splitPath(path); dir.length > 0; dir = splitPath(dir).dir) {
      const row = own.get(pathKey(dir))
      const moved = row === undefined ? EMPTY : optionalBytesAt(after!.moved, row)
      if (moved.length > 0) return Buffer.concat([moved, path.subarray(dir.length)])
    }
    const location = locateAfter(this.#journal, path)
    return location?.in === 'target' ? location.path : path
  }

  #earlier(path: Uint8Array): There | null {
    const row = findRow(this.#journal, path)
    const after = row?.frame.batch.after ?? null
    return row === null || after === null || after.kind[row.i] === Kind.absent ? null : { entries: after, at: row.i }
  }

  /** What is moved comes with what it has. @param places where first names are */
  #originsOf(batch: Batch, here: Entries | null, places: ReadonlyMap<number, Uint8Array>): Map<number, There> {
    const found = new Map<number, There>()
    const { after } = batch
    if (after === null || (after.moved === null && places.size === 0)) return found
    const rows: number[] = []
    const [dirs, names] = [new BytesColumnBuilder(), new BytesColumnBuilder()]
    forEachRow(batch, (d, i) => {
      const moved = optionalBytesAt(after.moved, i)
      const path = moved.length > 0 ? moved : places.get(i)
      if (path === undefined || (moved.length > 0 && this.#hasCome(batch, here, d, i))) return
      const { dir, name } = splitPath(path)
      dirs.push(dir)
      names.push(name)
      rows.push(i)
    })
    if (rows.length === 0) return found
    const dirRowEnds = Uint32Array.from(rows, (_, k) => k + 1)
    const { seen } = this.#looker.glance({ dirs: dirs.take(), dirRowEnds, names: names.take() })
    for (const [k, i] of rows.entries()) if (seen !== null) found.set(i, { entries: seen, at: k })
    return found
  }

  /** True where what was to be moved is there, as far as that can be told by what is said. */
  #hasCome(batch: Batch, here: Entries | null, d: number, i: number): boolean {
    const after = batch.after!
    if (here === null || here.kind[i] !== after.kind[i] || here.size[i] !== after.size[i]) return false
    if (!this.#unsaid.times) return isSameStamp(after, i, here, i)
    if (after.kind[i] !== Kind.file || !hasContent(after, i)) return true
    const fd = enter(this.#cursor, bytesAt(batch.dirs, d))
    const file = { ino: here.hints!.ino[i]!, size: here.size[i]! }
    const id = fd === -1 ? null : contentIdOf(fd, bytesAt(batch.names, i), file, pathAt(batch, d, i))
    return id !== null && compareBytes(id, contentAt(after, i)) === 0
  }

  close(): void {
    this.#looker.close()
    closeCursor(this.#cursor)
  }
}
