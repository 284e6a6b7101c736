/** BatchCutter: the batches of a walk are those that BatchBuilder makes row by row, however the walk came in pieces. */
import { deepStrictEqual } from 'node:assert'
import { describe, expect, test } from 'vitest'
import { Cut, Kind, Limits } from '../../src/base/constants.ts'
import type { Batch } from '../../src/model/batch.ts'
import { BatchCutter, type CutBatch } from '../../src/model/batch-cutter.ts'
import type { Entry } from '../../src/model/entries.ts'
import { pathKey, splitPath } from '../../src/model/path.ts'
import { type Piece, PieceBuilder } from '../../src/model/piece.ts'
import { batchesOf, type Row, rowsOf } from '../../src/model/row.ts'
import { makePrng, type Prng } from '../support/prng.ts'

const NOTHING = new Uint8Array(0)

function entry(prng: Prng, largeEvery: number): Entry {
  const kind = prng.below(20) === 0 ? Kind.symlink : prng.below(50) === 0 ? Kind.char : Kind.file
  const xattrs = largeEvery > 0 && prng.below(largeEvery) === 0 ? new Uint8Array(prng.below(60_000) + 1) : NOTHING
  return {
    kind,
    mode: 0o644,
    uid: prng.below(3),
    gid: 0,
    size: kind === Kind.file ? prng.below(1 << 30) : 0,
    mtimeSec: prng.below(1 << 30) - (1 << 29),
    mtimeNsec: prng.below(1_000_000_000),
    rdevMajor: kind === Kind.char ? 4 : 0,
    rdevMinor: 0,
    content: NOTHING,
    target: kind === Kind.symlink ? Buffer.from('there') : NOTHING,
    link: prng.below(40) === 0 ? Buffer.from('first/name') : NOTHING,
    moved: NOTHING,
    xattrs,
    hint: {
      ino: BigInt(prng.below(1 << 30)),
      devMajor: 8,
      devMinor: 1,
      ctimeSec: 5,
      ctimeNsec: 6,
      nlink: 1,
      racy: prng.below(2),
      holes: NOTHING,
    },
  }
}

function rows(seed: number, count: number, perDir: number, largeEvery: number): Row[] {
  const prng = makePrng(seed)
  return Array.from({ length: count }, (_, i) => {
    const dir = `d${String(Math.floor(i / perDir)).padStart(7, '0')}`
    return { path: Buffer.from(`${dir}/n${String(i).padStart(8, '0')}`), before: null, after: entry(prng, largeEvery) }
  })
}

/** The rows as pieces of random sizes. A problem goes before every hundredth row. */
function pieces(list: Row[], seed: number, sizeMax: number): Piece[] {
  const prng = makePrng(seed)
  const builder = new PieceBuilder()
  const made: Piece[] = []
  let left = prng.below(sizeMax) + 1
  let dir = ''
  list.forEach((row, k) => {
    const split = splitPath(row.path)
    if (String(split.dir) !== dir) builder.enterDir(split.dir)
    dir = String(split.dir)
    if (k % 100 === 0) {
      const path = Buffer.from(String(k))
      builder.addProblem({ path, code: 'unreadable', phase: 'scan', detail: '' }, builder.rowCount)
    }
    const i = builder.addRow(split.name, 0, split.name.length)
    builder.after.set(i, row.after!)
    if (--left > 0 && !builder.isFull) return
    made.push(builder.take())
    left = prng.below(sizeMax) + 1
  })
  if (!builder.isEmpty) made.push(builder.take())
  return made
}

function cut(list: Piece[]): CutBatch[] {
  const cutter = new BatchCutter()
  const done = list.flatMap((piece) => cutter.push(piece))
  const last = cutter.finish()
  return last === null ? done : [...done, last]
}

const cases: Array<[string, number, number, number]> = [
  ['many small directories', 9_000, 3, 0],
  ['one large directory', 9_000, 100_000, 0],
  ['directories of a hundred', 12_000, 100, 0],
  ['large attributes', 3_000, 50, 10],
  ['a few rows', 5, 2, 0],
]

describe.each(cases)('%s', (_, count, perDir, largeEvery) => {
  const list = rows(count, count, perDir, largeEvery)
  const wanted = batchesOf(list)

  test.each([1, 7, 700, 5_000])('in pieces of up to %i rows', (sizeMax) => {
    const got = cut(pieces(list, sizeMax, sizeMax))
    expect(got.length).toBe(wanted.length)
    // Quicker than expect by orders of magnitude: typed arrays are compared as blocks.
    for (const [k, { batch }] of got.entries()) deepStrictEqual(batch, wanted[k])
  })

  test('problems come with the batch that holds the row behind them', () => {
    for (const sizeMax of [3, 1_000]) {
      let k = 0
      for (const { batch, problems } of cut(pieces(list, sizeMax, sizeMax))) {
        const places = Array.from({ length: batch!.rowCount }, (_, i) => i).filter((i) => (k + i) % 100 === 0)
        expect(problems.map(({ rowCount }) => rowCount)).toEqual(places)
        expect(problems.map(({ problem }) => pathKey(problem.path))).toEqual(places.map((i) => String(k + i)))
        k += batch!.rowCount
      }
    }
  })
})

test('batches stay within the limits of the cut rule', () => {
  const sizes = cut(pieces(rows(1, 20_000, 30, 0), 1, 4_096)).map(({ batch }) => batch!.rowCount)
  for (const size of sizes.slice(0, -1)) {
    expect(size).toBeGreaterThanOrEqual(Cut.rowsMin)
    expect(size).toBeLessThanOrEqual(Limits.batchRowsMax)
  }
})

test('problems behind the last row come without a batch', () => {
  const builder = new PieceBuilder()
  builder.addProblem({ path: NOTHING, code: 'unreadable', phase: 'scan', detail: 'EACCES' }, 0)
  const [only, ...others] = cut([builder.take()])
  expect(only!.batch).toBe(null)
  expect(only!.problems).toHaveLength(1)
  expect(others).toEqual([])
})

test('rows of a batch that was cut from several pieces are those of the pieces', () => {
  const list = rows(3, 2_000, 10, 0)
  const got = cut(pieces(list, 5, 100)).flatMap(({ batch }) => rowsOf(batch as Batch))
  expect(got.map(({ path }) => pathKey(path))).toEqual(list.map(({ path }) => pathKey(path)))
})
