/** Hard links whose contents were edited under an unchanged stamp: recorded, compared, packed, applied on a real disk. */
import { linkSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import { diff } from '../../../src/flow/diff/diff.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, collect, record, replayItems, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

test('every name of a group follows its first name to the new inode', async () => {
  const dir = tempDir()
  const [tree, target] = [`${dir}/tree`, `${dir}/target`]
  mkdirSync(`${tree}/deep`, { recursive: true })
  writeFileSync(`${tree}/x`, 'one\n')
  for (const name of ['y', 'deep/z']) linkSync(`${tree}/x`, `${tree}/${name}`)
  utimesSync(`${tree}/x`, 1_600_000_000, 1_600_000_000)
  copyTree(tree, target)
  const before = await collect(record(tree, 'none'))
  writeFileSync(`${tree}/x`, 'two\n')
  utimesSync(`${tree}/x`, 1_600_000_000, 1_600_000_000)
  const after = await collect(record(tree, 'none'))
  const compare = { ignoreTimes: false, sizeOnly: false, ignored: new Set<never>() }
  const sides = { before: replayItems(before), after: replayItems(after) }
  const rows = diff({
    ...sides,
    compare,
    moves: 'none',
    touch: false,
    tool: '',
    level: 1,
    comment: '',
    monitor: createMonitor('diff'),
  })
  const items = await collect(withData(rows, tree))
  expect((await applyItems(items, target)).outcome).toBe('applied')
  expect(compareTrees(tree, target)).toEqual([])
  expect((await applyItems(items, target)).outcome).toBe('unchanged')
})
