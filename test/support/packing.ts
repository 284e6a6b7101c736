/** What the tests of pack share: sources on disk, streams in short. */
import { expect } from 'vitest'
import { hashBytes } from '../../src/host/native/blake3.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import type { Entry } from '../../src/model/entries.ts'
import type { Item, Recipe } from '../../src/model/item.ts'
import { pathKey } from '../../src/model/path.ts'
import { type Row, rowsOf } from '../../src/model/row.ts'
import { withData } from './apply-tree.ts'
import { itemsOf } from './disk-rows.ts'

export async function* each<T>(items: Iterable<T>): AsyncIterable<T> {
  yield* items
}

export async function collect(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

export const packItems = (items: Iterable<Item>, source: string): Promise<Item[]> =>
  collect(withData(each(items), source))
export const packRows = (rows: readonly Row[], source: string): Promise<Item[]> =>
  packItems(itemsOf('changeset', rows), source)

/** The items in short: names of the rows, then what follows them. */
export function inShort(items: readonly Item[]): string[] {
  const nameById = new Map<string, string>()
  return items.flatMap((item) => {
    switch (item.kind) {
      case 'rows': {
        const rows = rowsOf(item.batch)
        for (const { path, after } of rows) if (after !== null) nameById.set(pathKey(after.content), pathKey(path))
        return [`rows ${rows.map(({ path }) => pathKey(path)).join(' ')}`.trim()]
      }
      case 'content':
        return [`content ${nameById.get(pathKey(item.piece.id))} ${item.piece.offset}`]
      case 'recipe':
        return [`recipe ${nameById.get(pathKey(item.recipe.id))}`]
      case 'problem':
        return [`problem ${item.problem.code} ${pathKey(item.problem.path)} ${item.problem.detail}`.trim()]
      default:
        return []
    }
  })
}

export const fileRow = (rows: readonly Row[], name: string): Row => rows.find(({ path }) => pathKey(path) === name)!
/** The same row as a change of what it was before. */
export const changed = (row: Row, before: Partial<Entry>): Row => ({ ...row, before: { ...row.after!, ...before } })
export const known = (row: Row, bytes: Uint8Array): Row => ({
  ...row,
  after: { ...row.after!, content: hashBytes(bytes) },
})

/** Contents by id, put together from pieces and recipes, each checked against its id. */
export function contentsOf(items: readonly Item[]): Map<string, Buffer> {
  const contents = new Map<string, Buffer>()
  const byPath = new Map<string, string>()
  const recipes: Recipe[] = []
  for (const item of items) {
    if (item.kind === 'rows') {
      for (const { path, after } of rowsOf(item.batch)) byPath.set(pathKey(path), pathKey(after?.content ?? EMPTY))
    } else if (item.kind === 'content') {
      const { id, bytes, offset } = item.piece
      const before = offset === 0 ? EMPTY : contents.get(pathKey(id))!
      contents.set(pathKey(id), Buffer.concat([before, bytes]))
    } else if (item.kind === 'recipe') {
      recipes.push(item.recipe)
    }
  }
  for (const { id, literals, ranges } of recipes) {
    let at = 0
    const parts = ranges.map((range) => {
      if (range.from === 'zeros') return Buffer.alloc(range.length)
      if (range.from === 'before') throw new Error('the tree before is not at hand')
      if (range.from === 'literal') {
        at += range.length
        return contents.get(pathKey(literals))!.subarray(at - range.length, at)
      }
      return contents.get(byPath.get(pathKey(range.path))!)!.subarray(range.offset, range.offset + range.length)
    })
    contents.set(pathKey(id), Buffer.concat(parts))
  }
  for (const [key, bytes] of contents) expect(pathKey(hashBytes(bytes))).toBe(key)
  return contents
}
