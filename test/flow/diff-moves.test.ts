/** Moves from end to end: recorded, found, packed and applied on a real disk. */
import { mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createMonitor } from '../../src/base/monitor.ts'
import { diff } from '../../src/flow/diff.ts'
import type { MoveSearch } from '../../src/flow/moves.ts'
import type { Item } from '../../src/model/item.ts'
import { rowsOf } from '../../src/model/row.ts'
import { copyTree } from '../support/apply-random.ts'
import { applyItems, collect, record, replayItems, withData } from '../support/apply-tree.ts'
import { compareTrees } from '../support/compare-trees.ts'
import { mutateTree } from '../support/mutate-tree.ts'
import { makeRandomTree } from '../support/random-tree.ts'
import { lines } from '../support/row-table.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const tempDir = useTempDirs()

function diffItems(before: Item[], after: Item[], moves: MoveSearch): Promise<Item[]> {
  const compare = { ignoreTimes: false, sizeOnly: false, ignored: new Set<never>() }
  const sides = { before: replayItems(before), after: replayItems(after) }
  return collect(diff({ ...sides, compare, moves, tool: '', level: 1, comment: '', monitor: createMonitor('diff') }))
}

const seeds = Array.from({ length: 12 }, (_, i) => i + 1)

test.each(seeds)('what moved on disk moves at the target, seed %i', async (seed) => {
  const dir = tempDir()
  mkdirSync(`${dir}/tree`)
  makeRandomTree(`${dir}/tree`, { seed, entryCount: 50, odd: true })
  copyTree(`${dir}/tree`, `${dir}/target`)
  const before = await collect(record(`${dir}/tree`, 'blake3'))
  const log = mutateTree(`${dir}/tree`, { seed: seed + 9000, changeCount: 20, odd: true })
  const after = await collect(record(`${dir}/tree`, 'blake3'))
  const items = await collect(
    withData(replayItems(await diffItems(before, after, seed % 2 === 0 ? 'proven' : 'likely')), `${dir}/tree`),
  )
  const rows = items.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch) : []))
  expect((await applyItems(items, `${dir}/target`)).outcome, lines(rows).join('\n')).toBe('applied')
  expect(compareTrees(`${dir}/tree`, `${dir}/target`), log.join('\n')).toEqual([])
  expect((await applyItems(items, `${dir}/target`)).outcome).toBe('unchanged')
})
