/** Recipes onto a target whose files are not those that they were made from: a conflict, told before anything is touched. */
import { rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { State } from '../../../src/base/constants.ts'
import { pathKey } from '../../../src/model/path.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems } from '../../support/apply-tree.ts'
import { applyWay, type Way } from '../../support/apply-ways.ts'
import { changeTo, itemsIn, write } from '../../support/change-to.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { makePrng } from '../../support/prng.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const noise = (seed: number, length: number): Buffer => Buffer.from(makePrng(seed).bytes(length))
const large = noise(1, 400_000)

/** A tree in which `new` is made of `large`, most of it, and other files come and go. */
function change() {
  const before = { large, 'd/gone': noise(2, 5000), edited: noise(3, 5000) }
  return changeTo(tempDir(), before, (tree) => {
    write(tree, { new: Buffer.concat([noise(4, 2000), large]), 'd/add': noise(5, 5000), edited: noise(6, 5000) })
    rmSync(`${tree}/d/gone`)
  })
}

const spoils: Array<[string, (path: string) => void]> = [
  ['is gone', (path) => rmSync(path)],
  ['is shorter', (path) => truncateSync(path, 300_000)],
  [
    'has other bytes under its size and time',
    (path) => {
      const { atime, mtime } = statSync(path)
      writeFileSync(path, noise(7, large.length))
      utimesSync(path, atime, mtime)
    },
  ],
]

const ways: Array<[string, Way]> = [
  ['an apply', {}],
  ['a dry run', { dryRun: true }],
  ['an apply in place', { isDirect: true }],
  ['a dry run in place', { dryRun: true, isDirect: true }],
]

describe.each(spoils)('a file to copy from that %s', (_, spoil) => {
  it.each(ways)('is a conflict for %s, and nothing is changed', async (_, way) => {
    const { target, bytes } = await change()
    spoil(`${target}/large`)
    copyTree(target, `${target}-was`)
    const items = await itemsIn(bytes)
    expect(items.some(({ kind }) => kind === 'recipe')).toBe(true)
    const report = await applyWay(way, items, target)
    expect(report.outcome).toBe('conflicts')
    expect(report.findings.conflicts.map(({ path, state }) => [pathKey(path), state])).toEqual([['new', State.changed]])
    expect(compareTrees(`${target}-was`, target)).toEqual([])
  })
})

it('a dry run finds what a real one does, where all is as it was', async () => {
  const { tree, target, bytes } = await change()
  const items = await itemsIn(bytes)
  const dry = await applyItems(items, target, { dryRun: true })
  expect(dry.outcome).toBe('planned')
  const report = await applyItems(items, target)
  expect(report.counts).toEqual(dry.counts)
  expect(compareTrees(tree, target)).toEqual([])
})
