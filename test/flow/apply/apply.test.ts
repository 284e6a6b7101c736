/** Apply: trees restored and changed on a real disk, judged by compareTrees. */
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import {
  applyItems,
  changeset,
  collect,
  itemsOf,
  recordWithData,
  rowsOfTree,
  withData,
} from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { isRoot, makeEveryKind } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

describe('apply of a snapshot', () => {
  it('restores every kind of entry into a missing target, and again changes nothing', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: true, unreadable: isRoot })
    const report = await applyItems(recordWithData(root), `${dir}/dst`)
    expect(report.findings).toMatchObject({ conflicts: [], problems: [], missing: [] })
    expect(report.outcome).toBe('applied')
    expect(compareTrees(root, `${dir}/dst`)).toEqual([])
    const again = await applyItems(recordWithData(root), `${dir}/dst`)
    expect(again.outcome).toBe('unchanged')
    expect(compareTrees(root, `${dir}/dst`)).toEqual([])
  })
})

describe('a target that is missing', () => {
  it('is made as mkdir makes it where no row tells of it', async () => {
    const dir = tempDir()
    mkdirSync(`${dir}/src`)
    writeFileSync(`${dir}/src/a`, 'a')
    mkdirSync(`${dir}/made`)
    const rows = (await rowsOfTree(`${dir}/src`)).filter(({ path }) => path.length > 0)
    const report = await applyItems(withData(itemsOf(rows), `${dir}/src`), `${dir}/dst`)
    expect(report.outcome).toBe('applied')
    const [dst, made] = [statSync(`${dir}/dst`), statSync(`${dir}/made`)]
    expect(dst.mode).toBe(made.mode)
    expect(dst.mtimeMs).toBeGreaterThanOrEqual(made.mtimeMs)
  })
})

describe('a row that deletes the root', () => {
  it('holds: what is in it goes, local files and the root stay as they are', async () => {
    const dir = tempDir()
    for (const name of ['before', 'target']) {
      mkdirSync(`${dir}/${name}/d`, { recursive: true })
      writeFileSync(`${dir}/${name}/d/a`, 'a')
      utimesSync(`${dir}/${name}/d/a`, 1_500_000_000, 1_500_000_000)
    }
    writeFileSync(`${dir}/target/local`, 'local')
    const rows = (await rowsOfTree(`${dir}/before`)).map(({ path, after }) => ({ path, before: after, after: null }))
    const items = await collect(itemsOf(rows))
    const report = await applyItems(items, `${dir}/target`)
    expect([report.outcome, report.counts.deleted]).toEqual(['applied', 2])
    expect(readdirSync(`${dir}/target`)).toEqual(['local'])
    expect((await applyItems(items, `${dir}/target`)).outcome).toBe('unchanged')
  })
})

describe('apply of a changeset', () => {
  const seeds = Array.from({ length: 30 }, (_, i) => i + 1)
  it.each(seeds)('makes the tree before the tree after, seed %i', async (seed) => {
    const dir = tempDir()
    const log = makeChangedTrees(dir, seed, 60, 25)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    const report = await applyItems(items, `${dir}/target`)
    const why = { log, problems: report.findings.problems, conflicts: report.findings.conflicts }
    expect(report.outcome, JSON.stringify(why)).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`), log.join('\n')).toEqual([])
    const again = await applyItems(items, `${dir}/target`)
    expect(again.outcome).toBe('unchanged')
    copyTree(`${dir}/before`, `${dir}/drifted`)
  })
})
