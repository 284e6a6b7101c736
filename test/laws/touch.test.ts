/** The laws of touches (spec §7.8) over generated trees: what a touch stands for is what the rows were that it took the place of. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Kind } from '../../src/base/constants.ts'
import { RefusedError } from '../../src/base/errors.ts'
import { invert } from '../../src/flow/convert/invert.ts'
import { expandTouch } from '../../src/flow/diff/expand-touch.ts'
import { withTouch } from '../../src/flow/diff/touch.ts'
import type { Item } from '../../src/model/item.ts'
import { pathKey } from '../../src/model/path.ts'
import { batchesOf, type Row, rowsOf } from '../../src/model/row.ts'
import { TreeDiff } from '../../src/tree/diff.ts'
import { findMoves } from '../../src/tree/moves.ts'
import { replay } from '../../src/tree/replay.ts'
import { TouchSearch } from '../../src/tree/touch-search.ts'
import { assertSameRows, drive, invertRows, plainRules } from '../support/algebra.ts'
import { collect, itemsOf, replayItems } from '../support/apply-tree.ts'
import { arbitraryStates } from '../support/arbitraries.ts'

/** By the time that a file has, the one that it gets; the second and the third exclude each other, the last is a chain. */
const TIMES: Readonly<Record<number, number>> = { 100: 200, 101: 201, 102: 201, 103: 104, 104: 203 }

/**
 * A tree and its successor. Files get one of a few times, and most of them the time that follows from it in the successor; then both
 * have files that no row names, all of one time.
 */
const arbitraryPair = fc
  .tuple(
    arbitraryStates(1, { contents: 'all', hints: true }),
    fc.array(fc.constantFrom(100, 100, 100, 101, 102, 103, 104), { minLength: 1, maxLength: 8 }),
    fc.array(fc.constantFrom('follow', 'follow', 'follow', 'stay', 'other'), { minLength: 1, maxLength: 8 }),
  )
  .map(([[a, b], times, ways]) => {
    const before = a!.map((row, i) => withTime(row, times[i % times.length]!))
    const old = new Map(before.map(({ path, after }) => [pathKey(path), after!]))
    const after = b!.map((row, i) => {
      const was = old.get(pathKey(row.path))?.mtimeSec
      const way = ways[i % ways.length]
      return was === undefined || way === 'other' ? row : withTime(row, way === 'stay' ? was : (TIMES[was] ?? was))
    })
    return { before, after }
  })

function withTime(row: Row, sec: number): Row {
  if (row.after!.kind !== Kind.file) return row
  return { ...row, after: { ...row.after!, mtimeSec: sec, mtimeNsec: 0 } }
}

type Told = { rows: Row[]; items: Item[]; fileCount: number }

/** What leads from one tree to the other, as rows and with a touch. */
async function told({ before, after }: { before: Row[]; after: Row[] }, moves: boolean): Promise<Told> {
  const search = new TouchSearch(1)
  const engine = new TreeDiff(plainRules)
  engine.onUnchanged = (a, i, b, j) => search.addUnchanged(a, i, b, j)
  const batches = drive(engine, batchesOf(before), batchesOf(after))
  const rows = (moves ? [...findMoves(batches, { ...plainRules, isWeakAllowed: true })] : batches).flatMap(rowsOf)
  const items = await collect(withTouch(itemsOf(rows), search))
  const touch = items.find((item) => item.kind === 'touch')
  return { rows, items, fileCount: touch?.touch.fileCount ?? 0 }
}

async function expanded(items: Item[], tree: Row[]): Promise<Row[]> {
  const all = await collect(await expandTouch(replayItems(items), () => itemsOf(tree, { kind: 'snapshot' })))
  expect(all[0]).toMatchObject({ kind: 'header', header: { features: [] } })
  return all.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch) : []))
}

const runs = { numRuns: 80 }

test.each([false, true])(
  'a touch stands for its rows, in the tree before and in the tree after; moves: %s',
  async (moves) => {
    let touchedRuns = 0
    await fc.assert(
      fc.asyncProperty(arbitraryPair, async (pair) => {
        const { rows, items, fileCount } = await told(pair, moves)
        if (fileCount > 0) touchedRuns++
        const named = items.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch) : []))
        expect(named.length + fileCount).toBe(rows.length)
        for (const tree of [pair.before, pair.after]) assertSameRows(await expanded(items, tree), rows)
        assertSameRows(replay(pair.before, await expanded(items, pair.before)), pair.after)
      }),
      runs,
    )
    expect(touchedRuns).toBeGreaterThan(runs.numRuns / 4)
  },
)

test('the inverse of a touch stands for the inverse of its rows', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryPair, async (pair) => {
      const { rows, items } = await told(pair, true)
      const inverse = await collect(invert(replayItems(items), { tool: '', level: 1, comment: '' }))
      for (const tree of [pair.before, pair.after]) assertSameRows(await expanded(inverse, tree), invertRows(rows))
      const back = await collect(invert(replayItems(inverse), { tool: '', level: 1, comment: '' }))
      expect(back.find(({ kind }) => kind === 'touch')).toEqual(items.find(({ kind }) => kind === 'touch'))
    }),
    runs,
  )
})

test('a tree in between stands for both, and any other is refused', async () => {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(arbitraryPair, fc.nat(1000), async (pair, chosen) => {
      const { rows, items, fileCount } = await told(pair, false)
      fc.pre(fileCount > 0)
      const named = new Set(rowsIn(items).map(({ path }) => pathKey(path)))
      const isTouched = ({ path }: Row): boolean =>
        !named.has(pathKey(path)) && rows.some((row) => pathKey(row.path) === pathKey(path))
      const later = new Map(pair.after.map((row) => [pathKey(row.path), row]))
      let n = 0
      const between = pair.before.map((row) => (isTouched(row) && n++ % 2 === 0 ? later.get(pathKey(row.path))! : row))
      assertSameRows(await expanded(items, between), rows)
      const touched = pair.before.filter(isTouched)
      const one = touched[chosen % touched.length]!
      const without = pair.before.filter((row) => row !== one)
      const edited = pair.before.map((row) => (row === one ? { ...row, after: { ...row.after!, size: 77 } } : row))
      const drifted = pair.before.map((row) => (row === one ? withTime(row, 999) : row))
      for (const other of [without, edited, drifted]) {
        await expect(expanded(items, other)).rejects.toThrow(RefusedError)
        refused++
      }
    }),
    { numRuns: 60 },
  )
  expect(refused).toBeGreaterThan(0)
})

function rowsIn(items: Item[]): Row[] {
  return items.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch) : []))
}
