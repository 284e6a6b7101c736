/**
 * Where the entries of a tree go under the rows of a changeset, and where they come from (spec §8.1): a row says so; an
 * entry without a row goes and comes along with its directory. Paths are keys as pathKey makes them.
 */
import { Kind } from '../base/constants.ts'
import { optionalBytesAt } from '../model/bytes-column.ts'
import { joinPath, keyPath, pathKey, splitPath } from '../model/path.ts'
import type { Half } from './move-evidence.ts'
import type { RowStore } from './row-store.ts'

export class Places {
  readonly store: RowStore
  readonly #rows = new Map<string, number>()
  /** What was found of directories without a row. */
  readonly #implied: Record<Half, Map<string, string | null>> = { before: new Map(), after: new Map() }

  constructor(store: RowStore) {
    this.store = store
    for (let row = 0; row < store.rowCount; row++) this.#rows.set(pathKey(store.pathOf(row)), row)
  }

  /** The row at a path that has an entry on this side, or -1. */
  find(key: string, half: Half): number {
    const row = this.#rows.get(key)
    if (row === undefined) return -1
    const entries = this.store.batchOf(row)[half]
    return entries !== null && entries.kind[this.store.indexOf(row)] !== Kind.absent ? row : -1
  }

  /** Where the entry at a path of the tree before is in the tree after; null where it goes away. */
  placeOf(key: string): string | null {
    return this.#follow(key, 'before')
  }

  /** Where the entry at a path of the tree after was in the tree before; null where it is new. */
  originOf(key: string): string | null {
    return this.#follow(key, 'after')
  }

  #follow(key: string, half: Half): string | null {
    const row = this.find(key, half)
    if (row >= 0) return this.#followRow(key, row, half)
    if (key === '') return ''
    const known = this.#implied[half].get(key)
    if (known !== undefined) return known
    const { dir, name } = splitPath(keyPath(key))
    const place = this.#follow(pathKey(dir), half)
    const implied = place === null ? null : pathKey(joinPath(keyPath(place), name))
    this.#implied[half].set(key, implied)
    return implied
  }

  #followRow(key: string, row: number, half: Half): string | null {
    const batch = this.store.batchOf(row)
    const i = this.store.indexOf(row)
    const here = batch[half]!
    const moved = optionalBytesAt(here.moved, i)
    if (moved.length > 0) return pathKey(moved)
    const there = half === 'before' ? batch.after : batch.before
    if (there === null || there.kind[i] !== here.kind[i]) return null
    return optionalBytesAt(there.moved, i).length > 0 ? null : key
  }
}
