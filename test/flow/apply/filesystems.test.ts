/** Other filesystems than the one that tests usually run on, as images on loop devices: each has ways of its own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import { applyItems, changeset, collect, record } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { pattern } from '../../support/every-kind.ts'
import { makeFaultTrees } from '../../support/fault-tree.ts'
import { hasFilesystem, useMounts } from '../../support/mounts.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

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

describe.skipIf(!hasFilesystem('overlay'))('an overlay', () => {
  function overTree(dir: string): string {
    for (const name of ['lower/tree/d', 'upper', 'work', 'merged']) mkdirSync(`${dir}/${name}`, { recursive: true })
    for (const name of ['d/file', 'edit', 'gone']) writeFileSync(`${dir}/lower/tree/${name}`, name)
    const options = ['lower', 'upper', 'work'].map((name) => `${name}dir=${dir}/${name}`).join(',')
    copyTree(`${dir}/lower/tree`, `${dir}/before`)
    copyTree(`${dir}/lower/tree`, `${dir}/after`)
    mounts.mount('-t', 'overlay', '-o', options, 'none', `${dir}/merged`)
    return `${dir}/merged/tree`
  }

  it('takes changes of files and of new directories of its lower layer', async () => {
    const dir = tempDir()
    const target = overTree(dir)
    writeFileSync(`${dir}/after/d/file`, 'edited')
    writeFileSync(`${dir}/after/edit`, 'edited')
    rmSync(`${dir}/after/gone`)
    mkdirSync(`${dir}/after/new`)
    const report = await applyItems(await changeset(`${dir}/before`, `${dir}/after`), target)
    expect(report.outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })

  it('renames no directory of its lower layer: it is then as it was', async () => {
    const dir = tempDir()
    const target = overTree(dir)
    writeFileSync(`${dir}/after/edit`, 'edited')
    rmSync(`${dir}/after/d`, { recursive: true })
    const applied = applyItems(await changeset(`${dir}/before`, `${dir}/after`), target)
    await expect(applied).rejects.toMatchObject({ code: 'EXDEV', call: 'rename' })
    expect(compareTrees(`${dir}/before`, target)).toEqual([])
  })
})

/** Onto `dir/target`, and back; then onto a copy that is exchanged for it. */
async function thereAndBack(dir: string, items: Item[]): Promise<void> {
  let back: Item[] = []
  const undo = async (taken: AsyncIterable<Item>) => {
    back = await collect(readItems(encodeItems(taken)))
  }
  expect((await applyItems(items, `${dir}/target`, { undo })).outcome).toBe('applied')
  expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  expect((await applyItems(back, `${dir}/target`)).outcome).toBe('applied')
  expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
  const old = `${dir}/kept`
  const oldTree = Buffer.from(old)
  expect((await applyItems(items, `${dir}/target`, { atomic: { oldTree } })).outcome).toBe('applied')
  expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  expect(compareTrees(`${dir}/before`, old)).toEqual([])
  rmSync(old, { recursive: true })
}
