/** Hard links, recorded, compared, packed, applied on a real disk: edited under an unchanged stamp, and made of what the target has edited. */
import { appendFileSync, chmodSync, linkSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import { diff } from '../../../src/flow/diff/diff.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, collect, record, replayItems, withData } from '../../support/apply-tree.ts'
import { changeTo, itemsIn } from '../../support/change-to.ts'
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

describe('a further name of a file that no row speaks of', () => {
  const drifts: Record<string, (first: string) => void> = {
    'was edited': (first) => appendFileSync(first, 'mine'),
    'was edited under its old size and time': (first) => {
      writeFileSync(first, 'mine')
      utimesSync(first, 1_600_000_000, 1_600_000_000)
    },
    'has another mode': (first) => chmodSync(first, 0o640),
  }

  it.each(Object.entries(drifts))('is not made where that %s', async (_, drift) => {
    const old = (tree: string): void => {
      writeFileSync(`${tree}/first`, 'ours')
      utimesSync(`${tree}/first`, 1_600_000_000, 1_600_000_000)
    }
    const { target, bytes } = await changeTo(tempDir(), old, (tree) => linkSync(`${tree}/first`, `${tree}/second`))
    drift(`${target}/first`)
    const items = await itemsIn(bytes)
    expect((await applyItems(items, target)).outcome).toBe('conflicts')
    const { outcome, findings } = await applyItems(items, target, { onConflict: 'skip' })
    expect([outcome, findings.conflictCount, readdirSync(target)]).toEqual(['applied', 1, ['first']])
  })
})
