/** findAbove: what it steps over has no row, for every path, whichever frames the rows are in. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Found, findRow, type Journal } from '../../../src/host/journal/journal.ts'
import { createDisplacedFinder, findAbove } from '../../../src/host/journal/journal-above.ts'
import { type Frame, Op } from '../../../src/host/journal/journal-frame.ts'
import { BatchBuilder, firstPath, pathAt } from '../../../src/model/batch.ts'
import { compareRowPaths, splitPath } from '../../../src/model/path.ts'

const paths = fc
  .array(fc.constantFrom('a', 'b', 'a-', 'aa'), { minLength: 1, maxLength: 6 })
  .map((names) => Buffer.from(names.join('/')))

test('it finds what asking at each directory upwards finds', () => {
  fc.assert(
    fc.property(fc.array(paths, { maxLength: 12 }), fc.nat(12), paths, (rows, cut, path) => {
      const journal = journalOf(rows, cut)
      expect(pathOf(findAbove(journal, path))).toBe(pathOf(findUpwards(journal, path)))
    }),
    { numRuns: 3000 },
  )
})

test('what displaces a directory is found from a neighbour as from the directory itself, either way through the rows', () => {
  const asked = fc.array(paths, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      fc.array(paths, { maxLength: 12 }),
      fc.nat(12),
      fc.nat(4095),
      asked,
      fc.boolean(),
      (rows, cut, bits, dirs, isBackward) => {
        const journal = journalOf(rows, cut)
        const frames = [...(journal.cache as Map<number, Frame>).values()]
        let ordinal = 0
        for (const { op } of frames)
          for (let i = 0; i < op.length; i++) op[i] = ((bits >> ordinal++) & 1) === 1 ? Op.out : 0
        const find = createDisplacedFinder(journal)
        const inOrder = dirs.sort(compareRowPaths)
        for (const dir of isBackward ? inOrder.reverse() : inOrder) {
          expect(pathOf(find(dir))).toBe(pathOf(createDisplacedFinder(journal)(dir)))
        }
      },
    ),
    { numRuns: 3000 },
  )
})

function findUpwards(journal: Journal, path: Uint8Array): Found | null {
  for (let { dir } = splitPath(path); dir.length > 0; dir = splitPath(dir).dir) {
    const found = findRow(journal, dir)
    if (found !== null) return found
  }
  return null
}

function pathOf(found: Found | null): string | null {
  return found === null ? null : Buffer.from(pathAt(found.frame.batch, found.d, found.i)).toString()
}

/** A journal whose frames are at hand: all that a lookup needs of one. */
function journalOf(rows: Uint8Array[], cut: number): Journal {
  const unique = [...new Map(rows.map((path) => [Buffer.from(path).toString(), path])).values()].sort(compareRowPaths)
  const frames = [unique.slice(0, cut), unique.slice(cut)].filter((part) => part.length > 0).map(frameOf)
  const cache = new Map(frames.entries())
  const firstPaths = frames.map(({ batch }) => firstPath(batch))
  return { live: null, cache, firstPaths, offsets: frames.map(() => 0), lengths: [], firstOrdinals: [] } as never
}

function frameOf(rows: Uint8Array[]): Frame {
  const builder = new BatchBuilder()
  for (const path of rows) {
    const { dir, name } = splitPath(path)
    builder.addRow(dir, name)
  }
  return { batch: builder.take()!, op: new Uint16Array(rows.length) } as unknown as Frame
}
