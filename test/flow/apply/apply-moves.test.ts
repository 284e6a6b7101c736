/** Apply of moves: found on a disk that was changed in place, replayed on a copy of what it was. */
import { linkSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import { pathKey } from '../../../src/model/path.ts'
import { replay } from '../../../src/tree/replay.ts'
import { diffWithMoves } from '../../support/apply-moves.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, collect, itemsOf, rowsOfTree, withData } from '../../support/apply-tree.ts'
import { changeTo, itemsIn } from '../../support/change-to.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { mutateTree } from '../../support/mutate-tree.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

describe('apply with moves', () => {
  const seeds = Array.from({ length: 40 }, (_, i) => i + 1)
  it.each(seeds)('makes the tree after, seed %i', async (seed) => {
    const dir = tempDir()
    mkdirSync(`${dir}/tree`)
    makeRandomTree(`${dir}/tree`, { seed, entryCount: 50, odd: true })
    copyTree(`${dir}/tree`, `${dir}/target`)
    const before = await rowsOfTree(`${dir}/tree`)
    const log = mutateTree(`${dir}/tree`, { seed: seed + 5000, changeCount: 20, odd: true })
    const after = await rowsOfTree(`${dir}/tree`)
    const rows = diffWithMoves(before, after)
    expect(replay(before, rows).map((row) => pathKey(row.path))).toEqual(after.map((row) => pathKey(row.path)))
    const items = await collect(withData(itemsOf(rows), `${dir}/tree`))
    const report = await applyItems(items, `${dir}/target`)
    const missing = report.findings.missing.map(pathKey)
    const why = {
      log: log.map((line) => line.slice(-60)),
      missing,
      problems: report.findings.problems,
      conflicts: report.findings.conflicts.map((c) => [pathKey(c.path), c.state]),
    }
    expect(report.outcome, JSON.stringify(why)).toBe('applied')
    expect(compareTrees(`${dir}/tree`, `${dir}/target`), log.join('\n')).toEqual([])
    const again = await applyItems(items, `${dir}/target`)
    expect(again.outcome).toBe('unchanged')
  })

  it('takes a moved file by its contents where its time changed, with quick too', async () => {
    const move = (tree: string): void => {
      renameSync(`${tree}/old`, `${tree}/new`)
      utimesSync(`${tree}/new`, 1_600_000_000, 1_600_000_000)
    }
    const { tree, target, bytes } = await changeTo(tempDir(), { old: Buffer.from('moves') }, move)
    expect((await applyItems(await itemsIn(bytes), target, { quick: true })).outcome).toBe('applied')
    expect(compareTrees(tree, target)).toEqual([])
  })

  it('a name whose place another name of the same file takes', async () => {
    const target = tempDir()
    writeFileSync(`${target}/a`, 'content')
    linkSync(`${target}/a`, `${target}/name`)
    const further = (await rowsOfTree(target)).at(-1)!.after!
    const [name, moved] = ['name', 'moved'].map((path) => Buffer.from(path)) as [Buffer, Buffer]
    const alone = { ...further, link: EMPTY }
    const rows = [
      { path: moved, before: null, after: { ...alone, moved: name } },
      { path: name, before: { ...alone, moved }, after: further },
    ]
    expect((await applyItems(itemsOf(rows), target)).outcome).toBe('applied')
    expect(readdirSync(target).sort()).toEqual(['a', 'moved', 'name'])
    expect(statSync(`${target}/name`).nlink).toBe(3)
    expect((await applyItems(itemsOf(rows), target)).outcome).toBe('unchanged')
  })
})
