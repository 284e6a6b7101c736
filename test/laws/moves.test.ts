/** The laws of moves (spec §8.5) over generated trees: renames, swaps, cycles, links and edits mixed. */
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { replay } from '../../src/tree/replay.ts'
import { assertSameRows, composeMoved, composeRows, diffMoves, diffRows, invertRows } from '../support/algebra.ts'
import { arbitraryStates, everyView } from '../support/arbitraries.ts'

const runs = { numRuns: 40 }

describe.each(everyView)('trees with contents $contents and hints $hints', (view) => {
  const pairs = arbitraryStates(1, view)

  test.each([false, true])('replay(a, diff(a, b)) is b; weak evidence: %s', (isWeakAllowed) => {
    fc.assert(
      fc.property(pairs, ([a, b]) => assertSameRows(replay(a!, diffMoves(a!, b!, isWeakAllowed)), b!)),
      runs,
    )
  })

  test('replay(a, compose(diff(a, b), diff(b, c))) is c', () => {
    fc.assert(
      fc.property(arbitraryStates(2, view), ([a, b, c]) => {
        assertSameRows(replay(a!, composeMoved(diffMoves(a!, b!), diffMoves(b!, c!))), c!)
      }),
      runs,
    )
  })

  test('without moves, it is the same by either way of composing', () => {
    fc.assert(
      fc.property(arbitraryStates(2, view), ([a, b, c]) => {
        const [x, y] = [diffRows(a!, b!), diffRows(b!, c!)]
        assertSameRows(composeMoved(x, y), composeRows(x, y))
      }),
      runs,
    )
  })

  test('compose(x, invert(x)) is empty', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const x = diffMoves(a!, b!)
        const rows = composeMoved(x, invertRows(x))
        if (view.contents === 'all') assertSameRows(rows, [])
        else assertSameRows(replay(a!, rows), a!)
      }),
      runs,
    )
  })

  test('invert(diff(a, b)) is diff(b, a)', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => assertSameRows(invertRows(diffMoves(a!, b!)), diffMoves(b!, a!))),
      runs,
    )
  })
})
