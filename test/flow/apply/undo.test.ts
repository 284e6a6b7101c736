/** Undo: what an apply writes before its commit leads back exactly; and the receipt says what was done. */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { RefusedError } from '../../../src/base/errors.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { stateWords } from '../../../src/model/words.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import {
  applyItems,
  changeset,
  collect,
  diffRows,
  itemsOf,
  keeper,
  recordWithData,
  rowsOfTree,
  withData,
} from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { fifo, makeTree } from '../../support/disk-tree.ts'
import { isRoot, makeEveryKind } from '../../support/every-kind.ts'
import { makeFaultTrees } from '../../support/fault-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

async function thereAndBack(dir: string, items: Item[]): Promise<void> {
  const { kept, take } = keeper()
  expect((await applyItems(items, `${dir}/target`, { undo: take })).outcome).toBe('applied')
  expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  const back = await applyItems(kept.items, `${dir}/target`)
  expect(back.outcome, JSON.stringify(back.findings.conflicts.map(({ path }) => pathKey(path)))).toBe('applied')
  expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
}

describe('undo', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('leads back, seed %i', async (seed) => {
    const dir = tempDir()
    makeChangedTrees(dir, seed + 300, 60, 25)
    await thereAndBack(dir, await changeset(`${dir}/before`, `${dir}/after`))
  })

  it.each([1, 2, 3, 4])('leads back where the snapshots had no content ids, seed %i', async (seed) => {
    const dir = tempDir()
    makeChangedTrees(dir, seed + 400, 60, 25)
    const rows = diffRows(await rowsOfTree(`${dir}/before`, 'none'), await rowsOfTree(`${dir}/after`, 'none'))
    const { kept, take } = keeper()
    await applyItems(await collect(withData(itemsOf(rows), `${dir}/after`)), `${dir}/target`, { undo: take })
    expect((await applyItems(kept.items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
  })

  it('does not take the id of what comes for that of what goes', async () => {
    const dir = tempDir()
    mkdirSync(`${dir}/before`)
    for (const [name, text] of [
      ['emptied', 'text'],
      ['linked', 'mine'],
      ['other', 'them'],
    ] as const) {
      writeFileSync(`${dir}/before/${name}`, text)
      utimesSync(`${dir}/before/${name}`, 1000, 1000)
    }
    copyTree(`${dir}/before`, `${dir}/after`)
    copyTree(`${dir}/before`, `${dir}/target`)
    writeFileSync(`${dir}/after/emptied`, '')
    unlinkSync(`${dir}/after/other`)
    linkSync(`${dir}/after/linked`, `${dir}/after/other`)
    const rows = diffRows(await rowsOfTree(`${dir}/before`, 'none'), await rowsOfTree(`${dir}/after`))
    await thereAndBack(dir, await collect(withData(itemsOf(rows), `${dir}/after`)))
  })

  it('leads back from moves, links and every other kind of row', async () => {
    const dir = tempDir()
    const items = await makeFaultTrees(dir)
    copyTree(`${dir}/before`, `${dir}/target`)
    await thereAndBack(dir, items)
  })

  it('of a restored snapshot empties the target', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: true, unreadable: isRoot })
    mkdirSync(`${dir}/target`)
    copyTree(`${dir}/target`, `${dir}/empty`)
    const { kept, take } = keeper()
    expect((await applyItems(recordWithData(root), `${dir}/target`, { undo: take })).outcome).toBe('applied')
    expect((await applyItems(kept.items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/empty`, `${dir}/target`)).toEqual([])
  })

  it.each([
    ['the first of three names goes', ['1'], ['2', '3']],
    ['the first two go', ['1', '2'], ['3']],
    ['the last goes', ['3'], ['1', '2']],
    ['the one in the middle goes', ['2'], ['1', '3']],
    ['two go, one with its directory', ['1', '2', 'sub'], ['3']],
  ])('links names again that no row speaks of: %s', async (_, going, staying) => {
    const dir = tempDir()
    mkdirSync(`${dir}/before/sub`, { recursive: true })
    for (const group of ['deleted', 'edited', 'kind', 'mode']) makeGroup(`${dir}/before`, group)
    copyTree(`${dir}/before`, `${dir}/after`)
    for (const name of going.filter((each) => each !== 'sub')) {
      for (const group of ['deleted', 'edited', 'kind']) unlinkSync(`${dir}/after/${nameOf(group, name)}`)
      writeFileSync(`${dir}/after/${nameOf('edited', name)}`, `new ${name}`)
      mkdirSync(`${dir}/after/${nameOf('kind', name)}`)
    }
    chmodSync(`${dir}/after/${nameOf('mode', '1')}`, 0o640)
    if (going.includes('sub')) rmSync(`${dir}/after/sub`, { recursive: true })
    // Rows that speak of some names only, as where the tree that was recorded had no others.
    const others = new Set(['deleted', 'edited', 'kind'].flatMap((group) => staying.map((name) => nameOf(group, name))))
    const all = diffRows(await rowsOfTree(`${dir}/before`), await rowsOfTree(`${dir}/after`))
    const rows = all.filter(({ path }) => !others.has(pathKey(path)))
    const items = await collect(withData(itemsOf(rows), `${dir}/after`))
    copyTree(`${dir}/before`, `${dir}/target`)
    const { kept, take } = keeper()
    expect((await applyItems(items, `${dir}/target`, { undo: take })).outcome).toBe('applied')
    expect(kept.items.filter(({ kind }) => kind === 'problem')).toEqual([])
    expect((await applyItems(kept.items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
  })

  it('links a file again that was overwritten and is kept in a folder', async () => {
    const dir = tempDir()
    mkdirSync(`${dir}/before`)
    makeGroup(`${dir}/before`, 'x', '')
    copyTree(`${dir}/before`, `${dir}/after`)
    unlinkSync(`${dir}/after/x-1`)
    writeFileSync(`${dir}/after/x-1`, 'new')
    copyTree(`${dir}/before`, `${dir}/target`)
    appendFileSync(`${dir}/target/x-1`, ', edited here')
    copyTree(`${dir}/target`, `${dir}/edited`)
    mkdirSync(`${dir}/kept`)
    const { kept, take } = keeper()
    const rows = diffRows(await rowsOfTree(`${dir}/before`), await rowsOfTree(`${dir}/after`)).slice(0, 2)
    const items = await collect(withData(itemsOf(rows), `${dir}/after`))
    const options = { onConflict: 'overwrite', backup: Buffer.from(`${dir}/kept`), undo: take } as const
    expect((await applyItems(items, `${dir}/target`, options)).outcome).toBe('applied')
    expect((await applyItems(kept.items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/edited`, `${dir}/target`)).toEqual([])
  })

  it('links a fifo again that was overwritten and is kept beside', async () => {
    const dir = tempDir()
    mkdirSync(`${dir}/before`)
    makeTree(`${dir}/before`, [['b', fifo()]])
    copyTree(`${dir}/before`, `${dir}/after`)
    unlinkSync(`${dir}/after/b`)
    copyTree(`${dir}/before`, `${dir}/target`)
    chmodSync(`${dir}/target/b`, 0o600)
    linkSync(`${dir}/target/b`, `${dir}/target/a`)
    copyTree(`${dir}/target`, `${dir}/edited`)
    const { kept, take } = keeper()
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    const { counts } = await applyItems(items, `${dir}/target`, { onConflict: 'overwrite', undo: take })
    expect(counts.overridden).toBe(1)
    expect((await applyItems(kept.items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/edited`, `${dir}/target`)).toEqual([])
  })

  it('links a file again whose other name is kept beside with its directory', async () => {
    const dir = tempDir()
    mkdirSync(`${dir}/before/d/kept`, { recursive: true })
    writeFileSync(`${dir}/before/d/a`, 'a')
    linkSync(`${dir}/before/d/a`, `${dir}/before/d/kept/b`)
    mkdirSync(`${dir}/after`)
    copyTree(`${dir}/before`, `${dir}/target`)
    chmodSync(`${dir}/target/d/kept`, 0o711)
    copyTree(`${dir}/target`, `${dir}/drifted`)
    const { kept, take } = keeper()
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    const forth = await applyItems(items, `${dir}/target`, { undo: take, onConflict: 'overwrite' })
    expect(forth.outcome).toBe('applied')
    expect(readFileSync(`${dir}/target/d/kept.kept/b`, 'utf8')).toBe('a')
    const back = await applyItems(kept.items, `${dir}/target`)
    expect(back.outcome, JSON.stringify(back.findings.conflicts.map(({ path }) => pathKey(path)))).toBe('applied')
    expect(compareTrees(`${dir}/drifted`, `${dir}/target`)).toEqual([])
  })

  it('says before the commit which links it does not bring back: those to names outside', async () => {
    const dir = tempDir()
    mkdirSync(`${dir}/before`)
    makeGroup(`${dir}/before`, 'x', '')
    copyTree(`${dir}/before`, `${dir}/after`)
    unlinkSync(`${dir}/after/x-1`)
    const rows = diffRows(await rowsOfTree(`${dir}/before`), await rowsOfTree(`${dir}/after`)).slice(0, 2)
    copyTree(`${dir}/before`, `${dir}/target`)
    linkSync(`${dir}/target/x-2`, `${dir}/outside`)
    const { kept, take } = keeper()
    let wasOld = false
    const beforeCommit = async () => {
      wasOld = kept.items.length > 0 && differences(`${dir}/before`, `${dir}/target`).length === 0
    }
    await applyItems(await collect(itemsOf(rows)), `${dir}/target`, { undo: take, beforeCommit })
    expect(wasOld).toBe(true)
    const problems = kept.items.flatMap((item) => (item.kind === 'problem' ? [item.problem.detail] : []))
    expect(problems).toEqual(['links of 1 file with other names outside of the target, or with names that move'])
  })

  it('that cannot be written stops the apply', async () => {
    const dir = tempDir()
    makeChangedTrees(dir, 5, 40, 10)
    copyTree(`${dir}/target`, `${dir}/copy`)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    const undo = () => Promise.reject(new RefusedError('full', 'no room'))
    await expect(applyItems(items, `${dir}/target`, { undo })).rejects.toMatchObject({ code: 'full' })
    expect(compareTrees(`${dir}/copy`, `${dir}/target`)).toEqual([])
  })

  it('takes what was there, not what the changeset expected', async () => {
    const dir = tempDir()
    const items = await makeFaultTrees(dir)
    copyTree(`${dir}/before`, `${dir}/target`)
    const { kept, take } = keeper()
    const beforeCommit = async () => appendFileSync(`${dir}/target/a/deleted`, 'a late edit')
    const { outcome } = await applyItems(items, `${dir}/target`, { undo: take, beforeCommit })
    expect(outcome).toBe('conflicts')
    expect(kept.items.length).toBeGreaterThan(2)
    const differing = compareTrees(`${dir}/before`, `${dir}/target`).map((line) => line.split(': ')[0])
    expect(new Set(differing)).toEqual(new Set(['a/deleted']))
  })
})

const nameOf = (group: string, name: string): string => (name === '2' ? `sub/${group}-2` : `${group}-${name}`)

/** A file of three names, the second in a directory, which comes last in row order; or all beside each other. */
function makeGroup(tree: string, group: string, sub = 'sub/'): void {
  writeFileSync(`${tree}/${group}-1`, group)
  linkSync(`${tree}/${group}-1`, `${tree}/${sub}${group}-2`)
  linkSync(`${tree}/${group}-1`, `${tree}/${group}-3`)
}

/** The stage is there until the commit is over. */
function differences(a: string, b: string): string[] {
  return compareTrees(a, b).filter((line) => !line.includes('.fsapply'))
}

describe('receipt', () => {
  it('tells what was done', async () => {
    const dir = tempDir()
    const items = await makeFaultTrees(dir)
    copyTree(`${dir}/before`, `${dir}/target`)
    const { kept, take } = keeper()
    await applyItems(items, `${dir}/target`, { receipt: take })
    expect(kept.items[0]).toMatchObject({ header: { kind: 'receipt' } })
    const rows = kept.items.flatMap((item) => (item.kind === 'rows' ? [item.batch] : []))
    const states = rows.flatMap((batch) => rowsOf(batch).map((_, i) => stateWords[batch.state![i]!]))
    expect(new Set(states)).toEqual(new Set(['done']))
    const told = rows.flatMap(rowsOf).map(({ path }) => pathKey(path))
    expect(told).toContain('a/changed')
    expect(told).not.toContain('a/same')
  })
})
