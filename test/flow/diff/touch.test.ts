/** Touches from end to end (spec §7.8): told by a diff, and done at targets that are, are not, or are no longer what they should be. */
import { cpSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import type { ApplyOptions } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { expandTouch } from '../../../src/flow/diff/expand-touch.ts'
import { createPlanReport, plan } from '../../../src/flow/plan/plan.ts'
import type { Item } from '../../../src/model/item.ts'
import { TOUCH } from '../../../src/model/touch.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, applyOptions, collect, record, replayItems, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { useTempDirs } from '../../support/temp-dir.ts'
import {
  asStream,
  diffTouched,
  makeTouchTrees,
  NEW_TIME,
  OLD_TIME,
  pathsIn,
  touchChangeset,
  touchIn,
} from '../../support/touch-trees.ts'

const tempDir = useTempDirs()

describe('a diff with a touch', () => {
  it('names what changes otherwise, and tells the rest by its time', async () => {
    const dir = tempDir()
    const items = await asStream(await touchChangeset(dir))
    expect(items[0]).toMatchObject({ kind: 'header', header: { features: [TOUCH] } })
    expect(items[1]).toMatchObject({ kind: 'touch' })
    // Of 77 files that had the old time: two gone, four edited, five moved with their directory.
    expect(touchIn(items)).toMatchObject({
      fileCount: 71,
      pairs: [{ before: { sec: OLD_TIME, nsec: 0 }, after: { sec: NEW_TIME, nsec: 0 } }],
    })
    const paths = pathsIn(items)
    expect(paths).toEqual(
      ['', 'a', 'b', 'c', 'moved', 'moving', 'own1', 'symlink'].concat([
        'a/f5',
        'a/f9',
        'a/inner',
        'b/f1',
        'b/f2',
        'b/f7',
        'b/inner',
        'c/inner',
        'c/new',
        'c/renamed',
        'c/inner/2',
      ]),
    )
  })

  it('tells none where an entry that stays has one of the times', async () => {
    const dir = tempDir()
    makeTouchTrees(dir)
    for (const time of [OLD_TIME, NEW_TIME]) {
      for (const tree of ['before', 'after']) utimesSync(`${dir}/${tree}/own2`, time, time)
      const items = await collect(diffTouched(`${dir}/before`, `${dir}/after`))
      expect(touchIn(items)).toBeNull()
      expect(items[0]).toMatchObject({ kind: 'header', header: { features: [] } })
      expect(pathsIn(items)).toContain('a/f4')
    }
  })

  it('tells none where a tree was not seen as a whole', async () => {
    const dir = tempDir()
    makeTouchTrees(dir)
    async function* withProblem(): AsyncGenerator<Item> {
      for await (const item of record(`${dir}/after`, 'blake3')) {
        yield item
        const path = Buffer.from('zz')
        if (item.kind === 'header')
          yield { kind: 'problem', problem: { path, code: 'unreadable', phase: 'scan', detail: '' } }
      }
    }
    expect(touchIn(await collect(diffTouched(`${dir}/before`, `${dir}/after`, { after: withProblem() })))).toBeNull()
    async function* filtered(): AsyncGenerator<Item> {
      for await (const item of record(`${dir}/after`, 'blake3')) {
        yield item.kind === 'header' ? { kind: 'header', header: { ...item.header, filters: ['- *.o'] } } : item
      }
    }
    expect(touchIn(await collect(diffTouched(`${dir}/before`, `${dir}/after`, { after: filtered() })))).toBeNull()
  })

  it('tells none where contents are not known', async () => {
    const dir = tempDir()
    makeTouchTrees(dir)
    const after = record(`${dir}/after`, 'none')
    expect(touchIn(await collect(diffTouched(`${dir}/before`, `${dir}/after`, { after })))).toBeNull()
  })
})

describe('a touch at its target', () => {
  it('is done, is done already, and is undone', async () => {
    const dir = tempDir()
    const items = await asStream(await touchChangeset(dir))
    const kept: { undo: Item[]; receipt: Item[] } = { undo: [], receipt: [] }
    const report = await applyItems(items, `${dir}/target`, {
      undo: async (taken) => {
        kept.undo = await asStream(await collect(taken))
      },
      receipt: async (taken) => {
        kept.receipt = await asStream(await collect(taken))
      },
    })
    expect(report.outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    expect(pathsIn(kept.receipt)).toContain('a/f4')
    expect((await applyItems(items, `${dir}/target`)).outcome).toBe('unchanged')
    expect((await applyItems(kept.undo, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
  })

  it('is completed where it was done in part', async () => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    for (let i = 10; i < 20; i++) utimesSync(`${dir}/target/a/f${i}`, NEW_TIME, NEW_TIME)
    const report = await applyItems(items, `${dir}/target`)
    expect(report.outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  })

  it.each<[string, Partial<ApplyOptions>]>([
    ['the whole tree in one step', { atomic: { oldTree: null } }],
    ['with what has arrived kept', { keepStage: true }],
    ['with threads', { threadCount: 3 }],
  ])('is done %s', async (_, changed) => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    expect((await applyItems(items, `${dir}/target`, changed)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  })

  it('is done by size and time', async () => {
    const dir = tempDir()
    makeTouchTrees(dir)
    const rows = diffTouched(`${dir}/before`, `${dir}/after`, { moves: 'none' })
    const items = await collect(withData(rows, `${dir}/after`))
    expect((await applyItems(items, `${dir}/target`, { quick: true })).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  })

  it('is done in place', async () => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    const direct = () => applyDirect(() => replayItems(items), applyOptions(`${dir}/target`))
    expect((await direct()).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    expect((await direct()).outcome).toBe('unchanged')
  })

  it('is planned, and the plan applied', async () => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    const report = createPlanReport()
    const rules = { chmod: [], only: [], neverDelete: false, owners: [], untrusted: false }
    const options = {
      rules,
      maxDelete: null,
      strict: false,
      quick: false,
      numericIds: true,
      find: true,
      todo: true,
      threadCount: 1,
    }
    const target = Buffer.from(`${dir}/target`)
    const planned = await asStream(
      await collect(plan(replayItems(items), { ...options, target, monitor: createMonitor('plan') }, report)),
    )
    expect(planned[0]).toMatchObject({ kind: 'header', header: { kind: 'plan', features: [] } })
    expect(report.findings.conflicts).toEqual([])
    expect((await applyItems(planned, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  })

  it('is done in part, by a pattern', async () => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    const rules = { chmod: [], only: ['/a/f1*'], neverDelete: false, owners: [], untrusted: false }
    await applyItems(items, `${dir}/target`, { rules })
    const times = ['f10', 'f19', 'f2'].map((name) => statSync(`${dir}/target/a/${name}`).mtimeMs / 1000)
    expect(times).toEqual([NEW_TIME, NEW_TIME, OLD_TIME])
  })

  it('needs the filters that its trees were recorded with', async () => {
    const dir = tempDir()
    makeTouchTrees(dir)
    async function* excluding(tree: string): AsyncGenerator<Item> {
      for await (const item of record(`${dir}/${tree}`, 'blake3')) {
        yield item.kind === 'header' ? { kind: 'header', header: { ...item.header, filters: ['- *.o'] } } : item
      }
    }
    const sides = { before: excluding('before'), after: excluding('after') }
    const items = await collect(withData(diffTouched('', '', sides), `${dir}/after`))
    expect(touchIn(items)).not.toBeNull()
    writeFileSync(`${dir}/target/a/f4.o`, 'built here')
    utimesSync(`${dir}/target/a/f4.o`, OLD_TIME, OLD_TIME)
    expect((await applyItems(items, `${dir}/target`)).outcome).toBe('applied')
    expect(statSync(`${dir}/target/a/f4.o`).mtimeMs / 1000).toBe(OLD_TIME)
  })
})

describe('a touch at a target that is another', () => {
  it.each<[string, (target: string) => void, RegExp]>([
    [
      'a file of that time more',
      (target) => copyFile(`${target}/a/f1`, `${target}/a/extra`),
      /^71 files .*; with these times 72 are here$/,
    ],
    ['a file less', (target) => rmSync(`${target}/a/f4`), / 70 are here$/],
    ['an edited file', (target) => writeFileSync(`${target}/a/f4`, 'edited'), / 70 are here$/],
    ['an edit that kept size and time', (target) => edit(`${target}/a/f4`), /as many are here, but not the same$/],
    ['another length', (target) => edit(`${target}/a/f4`, 'more'), /as many are here, but not the same$/],
    ['nothing', (target) => rmSync(target, { recursive: true }), / 0 are here$/],
  ])('is refused: %s', async (_, change, message) => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    change(`${dir}/target`)
    cpSync(`${dir}/target`, `${dir}/nothing`, {
      recursive: true,
      force: false,
      errorOnExist: false,
      filter: () => false,
    })
    const isThere = statSync(`${dir}/target`, { throwIfNoEntry: false }) !== undefined
    if (isThere) copyTree(`${dir}/target`, `${dir}/copy`)
    const options: Partial<ApplyOptions>[] = [{}, { onConflict: 'skip' }, { onConflict: 'overwrite' }]
    for (const changed of options) {
      const refused = applyItems(items, `${dir}/target`, changed)
      await expect(refused).rejects.toMatchObject({ code: 'touched-differ', message: expect.stringMatching(message) })
      expect(statSync(`${dir}/target`, { throwIfNoEntry: false }) !== undefined).toBe(isThere)
      if (isThere) expect(compareTrees(`${dir}/copy`, `${dir}/target`)).toEqual([])
    }
  })

  function copyFile(from: string, to: string): void {
    cpSync(from, to)
    utimesSync(to, OLD_TIME, OLD_TIME)
  }

  function edit(path: string, more = ''): void {
    writeFileSync(path, `A 4\n${more}`)
    utimesSync(path, OLD_TIME, OLD_TIME)
  }

  it('says which directory could not be read', async () => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    async function* tree(): AsyncGenerator<Item> {
      for await (const item of record(`${dir}/target`, 'blake3')) {
        if (item.kind === 'end') {
          const problem = { path: Buffer.from('zz'), code: 'unreadable', phase: 'scan', detail: '' } as const
          yield { kind: 'problem', problem }
        }
        yield item
      }
    }
    rmSync(`${dir}/target/a/f4`)
    const expanded = collect(await expandTouch(replayItems(items), () => tree()))
    await expect(expanded).rejects.toThrow(/70 are here; zz: unreadable$/)
  })
})
