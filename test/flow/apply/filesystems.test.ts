/** Other filesystems than the one that tests usually run on, as images on loop devices: each has ways of its own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/model/item.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import { applyItems, changeset, record } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { pattern } from '../../support/every-kind.ts'
import { makeFaultTrees } from '../../support/fault-tree.ts'
import { hasFilesystem, useMounts } from '../../support/mounts.ts'
import { useTempDirs } from '../../support/temp-dir.ts'
import { thereAndBack as appliedAndUndone } from '../../support/there-and-back.ts'

const tempDir = useTempDirs()
const mounts = useMounts()

/** Of trees without device numbers that XFS does not take. */
const SEEDS = [1, 3, 4]

describe.each(['xfs', 'btrfs'])('%s', (kind) => {
  const has = hasFilesystem(kind)

  it.skipIf(!has)('keeps all of a changed tree, there and back, and as a whole', async () => {
    const disk = mounts.mountImage(tempDir(), kind)
    for (const seed of SEEDS) {
      const dir = `${disk}/${seed}`
      mkdirSync(dir)
      makeChangedTrees(dir, seed + 800, 60, 25)
      await thereAndBack(dir, await changeset(`${dir}/before`, `${dir}/after`))
    }
    const dir = `${disk}/rows`
    mkdirSync(dir)
    const items = await makeFaultTrees(dir)
    copyTree(`${dir}/before`, `${dir}/target`)
    await thereAndBack(dir, items)
  })

  it.skipIf(!has)('keeps the time of a directory that takes the place of a file', async () => {
    const dir = mounts.mountImage(tempDir(), kind)
    for (const tree of ['before', 'after']) mkdirSync(`${dir}/${tree}`)
    writeFileSync(`${dir}/before/name`, 'a file')
    mkdirSync(`${dir}/after/name`)
    utimesSync(`${dir}/after/name`, 1000, 1000)
    copyTree(`${dir}/before`, `${dir}/target`)
    await thereAndBack(dir, await changeset(`${dir}/before`, `${dir}/after`))
  })

  it.skipIf(!has)('shares the blocks of what a basis has', async () => {
    const disk = mounts.mountImage(tempDir(), kind)
    mkdirSync(`${disk}/old`)
    writeFileSync(`${disk}/old/big`, pattern(40 << 20))
    execFileSync('sync', ['-f', disk])
    const before = statfsSync(disk)
    const basis = [Buffer.from(`${disk}/old`)]
    const report = await applyItems(record(`${disk}/old`, 'blake3'), `${disk}/new`, { basis })
    expect(report.outcome).toBe('applied')
    execFileSync('sync', ['-f', disk])
    const after = statfsSync(disk)
    expect((before.bfree - after.bfree) * before.bsize).toBeLessThan(8 << 20)
    expect(compareTrees(`${disk}/old`, `${disk}/new`)).toEqual([])
  })
})

/** Onto `dir/target`, and back; then onto a copy that is exchanged for it. */
async function thereAndBack(dir: string, items: Item[]): Promise<void> {
  await appliedAndUndone(dir, `${dir}/target`, items)
  const old = `${dir}/kept`
  const oldTree = Buffer.from(old)
  expect((await applyItems(items, `${dir}/target`, { atomic: { oldTree } })).outcome).toBe('applied')
  expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  expect(compareTrees(`${dir}/before`, old)).toEqual([])
  rmSync(old, { recursive: true })
}
