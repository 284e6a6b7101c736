/** The laws of diff, replay, invert and compose (spec §8.8) over generated trees. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchesOf, type Row, rowsOf } from '../../src/model/row.ts'
import { TreeDiff } from '../../src/tree/diff.ts'
import { replay } from '../../src/tree/replay.ts'
import { assertSameRows, composeRows, diffRows, drive, invertRows, plainRules } from '../support/algebra.ts'
import { arbitraryStates, everyView } from '../support/arbitraries.ts'

const runs = { numRuns: 60 }

describe.each(everyView)('trees with contents $contents and hints $hints', (view) => {
  const pairs = arbitraryStates(1, view)
  const triples = arbitraryStates(2, view)

  test('replay(a, diff(a, b)) is b', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => assertSameRows(replay(a!, diffRows(a!, b!)), b!)),
      runs,
    )
  })

  test('diff(a, a) is empty', () => {
    fc.assert(
      fc.property(pairs, ([a]) => assertSameRows(diffRows(a!, a!), [])),
      runs,
    )
  })

  test('invert(diff(a, b)) is diff(b, a)', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => assertSameRows(invertRows(diffRows(a!, b!)), diffRows(b!, a!))),
      runs,
    )
  })

  test('replay(a, compose(diff(a, b), diff(b, c))) is c', () => {
    fc.assert(
      fc.property(triples, ([a, b, c]) => {
        assertSameRows(replay(a!, composeRows(diffRows(a!, b!), diffRows(b!, c!))), c!)
      }),
      runs,
    )
  })
})

const known = { contents: 'all', hints: true } as const

test('compose(diff(a, b), diff(b, c)) is diff(a, c) where contents are known', () => {
  fc.assert(
    fc.property(arbitraryStates(2, known), ([a, b, c]) => {
      assertSameRows(composeRows(diffRows(a!, b!), diffRows(b!, c!)), diffRows(a!, c!))
    }),
    { numRuns: 200 },
  )
})

test('compose is associative', () => {
  fc.assert(
    fc.property(arbitraryStates(3, known), ([a, b, c, d]) => {
      const [x, y, z] = [diffRows(a!, b!), diffRows(b!, c!), diffRows(c!, d!)]
      assertSameRows(composeRows(composeRows(x, y), z), composeRows(x, composeRows(y, z)))
    }),
    runs,
  )
})

test('compose(x, invert(x)) is empty, and invert(invert(x)) is x', () => {
  fc.assert(
    fc.property(arbitraryStates(1, known), ([a, b]) => {
      const x = diffRows(a!, b!)
      assertSameRows(composeRows(x, invertRows(x)), [])
      expect(invertRows(invertRows(x))).toEqual(x)
    }),
    runs,
  )
})

test('any chunking of the batches gives the same rows in the same batches', () => {
  const cuts = fc.array(fc.nat(6), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(arbitraryStates(1, { contents: 'some', hints: true }), cuts, cuts, ([a, b], cutsA, cutsB) => {
      const whole = drive(new TreeDiff(plainRules), batchesOf(a!), batchesOf(b!))
      const engine = new TreeDiff(plainRules)
      expect(drive(engine, chunked(a!, cutsA), chunked(b!, cutsB))).toEqual(whole)
    }),
    runs,
  )
})

/** The rows in batches of sizes that come round and round; a size of 0 is an empty batch. */
function chunked(rows: Row[], sizes: number[]) {
  const batches = []
  for (let at = 0, n = 0; at < rows.length; n++) {
    const size = Math.max(sizes[n % sizes.length]!, n % sizes.length === 0 ? 1 : 0)
    batches.push(...batchesOf(rows.slice(at, at + size)))
    at += size
  }
  return batches
}

test('rows come out as they went in: rowsOf(batchesOf(rows)) is rows', () => {
  fc.assert(
    fc.property(arbitraryStates(0, known), ([a]) => {
      assertSameRows(batchesOf(a!).flatMap(rowsOf), a!)
    }),
    runs,
  )
})
