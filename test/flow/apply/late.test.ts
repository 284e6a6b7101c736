/**
 * Another is at work in the target while it is changed: what comes to a directory that goes, or is written there, between the check and
 * the end is told and kept; nothing is removed that nobody has looked at.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApplyOptions, ApplyReport } from '../../../src/flow/apply/apply-options.ts'
import { escapeText } from '../../../src/model/escape.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree } from '../../support/apply-random.ts'
import { changeset } from '../../support/apply-tree.ts'
import { applyWay, ways as applyWays, type Way } from '../../support/apply-ways.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { stagesOf } from '../../support/every-call.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'

let dir = ''
beforeAll(() => {
  dir = makeQuickDir()
})
afterAll(() => removeTree(dir))

const ways: Record<string, Way> = { ...applyWays, 'deletes last': { deleteAfter: true } }

const before: TreeSpec = [
  ['becomes-file', directory()],
  ['becomes-file/a', file('a')],
  ['gone', directory()],
  ['gone/empty', directory()],
  ['gone/file', file('file')],
  ['gone/in', directory()],
  ['gone/in/file', file('inner')],
  ['here', file('here')],
  ['single', file('single')],
]
const after: TreeSpec = [
  ['becomes-file', file('a file')],
  ['here', file('here')],
]
const time = [1_500_000_000, 0] as const

function makeSides(folder: string): void {
  for (const [side, spec] of [['before', before] as const, ['after', after] as const]) {
    mkdirSync(`${folder}/${side}`, { recursive: true })
    makeTree(`${folder}/${side}`, [['', directory({ mode: 0o755 })], ...spec], time)
  }
}

const textOf = (path: Uint8Array): string => escapeText(Buffer.from(path).toString('latin1'))

function run(items: Item[], target: string, way: string, more: Partial<ApplyOptions>): Promise<ApplyReport> {
  return applyWay(ways[way]!, items, target, more)
}

describe('between the check and the commit', () => {
  const acts: [what: string, path: string, act: (target: string) => void][] = [
    ['a new file in a directory that goes', 'gone/late', (t) => writeFileSync(`${t}/gone/late`, '')],
    ['a new file further down', 'gone/in/late', (t) => writeFileSync(`${t}/gone/in/late`, 'late')],
    ['a new file in an empty one', 'gone/empty/late', (t) => writeFileSync(`${t}/gone/empty/late`, 'late')],
    ['a new directory', 'gone/late', (t) => mkdirSync(`${t}/gone/late`)],
    ['a file moved there', 'gone/here', (t) => renameSync(`${t}/here`, `${t}/gone/here`)],
    ['a file that is written to', 'gone/in/file', (t) => appendFileSync(`${t}/gone/in/file`, ', more')],
    ['a single file that is written to', 'single', (t) => appendFileSync(`${t}/single`, ', more')],
    ['another file in its place', 'gone/file', (t) => replace(`${t}/gone/file`)],
    ['a new file where a file is to be', 'becomes-file/late', (t) => writeFileSync(`${t}/becomes-file/late`, '')],
  ]

  function replace(path: string): void {
    unlinkSync(path)
    writeFileSync(path, 'other')
  }

  it.each(Object.keys(ways))('%s: a directory that is another by now leads nobody there', async (way) => {
    const folder = `${dir}/swapped-${way}`
    makeSides(folder)
    const target = `${folder}/before`
    makeTree(`${folder}/after`, [['gone/new', file('new')]])
    const items = await changeset(target, `${folder}/after`)
    makeTree(
      folder,
      [
        ['outside', directory()],
        ['outside/file', file('file')],
      ],
      time,
    )
    const beforeCommit = async (): Promise<void> => {
      renameSync(`${target}/gone`, `${target}/real`)
      symlinkSync(`${folder}/outside`, `${target}/gone`)
    }
    const { outcome } = await run(items, target, way, { beforeCommit })
    expect(outcome).toBe('conflicts')
    expect(readdirSync(`${folder}/outside`)).toEqual(['file'])
    expect(readdirSync(`${target}/real`).sort()).toEqual(['empty', 'file', 'in'])
    expect(stagesOf(target)).toEqual([])
  })

  it.each(['by default', 'direct'])('%s: a target that has got another name is changed under that', async (way) => {
    const folder = `${dir}/renamed-${way}`
    makeSides(folder)
    const target = `${folder}/before`
    const items = await changeset(target, `${folder}/after`)
    const beforeCommit = async (): Promise<void> => {
      renameSync(target, `${folder}/renamed`)
      makeTree(folder, [
        ['before', directory()],
        ['before/mine', file('mine')],
      ])
    }
    expect((await run(items, target, way, { beforeCommit })).outcome).toBe('applied')
    expect(compareTrees(`${folder}/after`, `${folder}/renamed`)).toEqual([])
    expect(readdirSync(target)).toEqual(['mine'])
  })

  it('atomic: a target that has got another name is not changed', async () => {
    const folder = `${dir}/renamed-atomic`
    makeSides(folder)
    const target = `${folder}/before`
    const items = await changeset(target, `${folder}/after`)
    copyTree(target, `${folder}/then`)
    const beforeCommit = async (): Promise<void> => renameSync(target, `${folder}/renamed`)
    await expect(run(items, target, 'atomic', { beforeCommit })).rejects.toMatchObject({ code: 'not-by-name' })
    expect(compareTrees(`${folder}/then`, `${folder}/renamed`)).toEqual([])
  })

  describe.each(Object.keys(ways))('%s', (way) => {
    it.each(acts)('%s is a conflict', async (_what, path, act) => {
      const folder = `${dir}/${way}-${acts.findIndex((row) => row[2] === act)}`
      makeSides(folder)
      const target = `${folder}/before`
      const items = await changeset(target, `${folder}/after`)
      const beforeCommit = async (): Promise<void> => {
        act(target)
        copyTree(target, `${folder}/then`)
        for (const stage of stagesOf(`${folder}/then`)) removeTree(`${folder}/then/${stage}`)
      }
      const { outcome, isPartly, findings } = await run(items, target, way, { beforeCommit })
      expect(outcome).toBe('conflicts')
      expect(findings.conflicts.map((conflict) => textOf(conflict.path))).toContain(path)
      // In place, what was done before stays done.
      if (!isPartly)
        expect(compareTrees(`${folder}/then`, target).filter((line) => !/^(becomes-file)?: mtime/.test(line))).toEqual(
          [],
        )
      expect(existsSync(`${target}/${path}`)).toBe(true)
    })
  })
})

describe('when all is done', () => {
  it.each(['by default', 'deletes last'])('%s: what comes to a directory that was deleted is kept', async (way) => {
    const folder = `${dir}/done-${way}`
    makeSides(folder)
    const target = `${folder}/before`
    const items = await changeset(target, `${folder}/after`)
    const fds = ['gone/in', 'becomes-file'].map((path) => openSync(`${target}/${path}`, 'r'))
    const single = openSync(`${target}/single`, 'a')
    const afterCommit = async (): Promise<void> => {
      for (const fd of fds) writeFileSync(`/proc/self/fd/${fd}/late`, 'late')
      appendFileSync(single, ', more')
    }
    const { outcome, findings } = await run(items, target, way, { afterCommit })
    for (const fd of [...fds, single]) closeSync(fd)
    expect(outcome).toBe('applied')
    expect(findings.problems.map(({ code, path }) => [code, textOf(path)])).toEqual([
      ['changed', 'single'],
      ['changed', 'gone'],
      ['changed', 'becomes-file.late'],
    ])
    expect(readdirSync(`${target}/gone`)).toEqual(['in'])
    expect(readdirSync(`${target}/gone/in`)).toEqual(['late'])
    expect(readdirSync(`${target}/becomes-file.late`)).toEqual(['late'])
    expect(readFileSync(`${target}/becomes-file`, 'utf8')).toBe('a file')
    expect(readFileSync(`${target}/single`, 'utf8')).toBe('single, more')
    expect(stagesOf(target)).toEqual([])
  })
})
