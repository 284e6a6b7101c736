/** A tree deeper than any path: made, and taken back, in a time that grows with its depth and not with a power of it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { TakeItems } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyItems, applyOptions, changeset, collect, replayItems } from '../../support/apply-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const DEPTH = 1000
/** It takes a second; where each directory sought its row through all above it, half a minute. */
const MS = 8000

const ways = [
  ['by a stage', (items: Item[], target: string, undo: TakeItems | null) => applyItems(items, target, { undo })],
  [
    'in place',
    (items: Item[], target: string, undo: TakeItems | null) =>
      applyDirect(() => replayItems(items), applyOptions(target, { undo })),
  ],
] as const

it.each(ways)('goes as it came: %s', async (_way, apply) => {
  const dir = tempDir()
  for (const name of ['before', 'after', 'target']) mkdirSync(`${dir}/${name}`)
  const make = `for (let k = 0; k < ${DEPTH}; k++) { fs.mkdirSync('name'); process.chdir('name') }; fs.writeFileSync('leaf', 'x')`
  execFileSync(process.execPath, ['-e', make], { cwd: `${dir}/after` })
  const items = await changeset(`${dir}/before`, `${dir}/after`)
  const back: Item[] = []
  const undo = async (taken: AsyncIterable<Item>) => {
    back.push(...(await collect(taken)))
  }
  const start = process.cpuUsage()
  expect((await apply(items, `${dir}/target`, undo)).outcome).toBe('applied')
  expect((await apply(back, `${dir}/target`, null)).outcome).toBe('applied')
  const { user } = process.cpuUsage(start)
  expect(readdirSync(`${dir}/target`)).toEqual([])
  expect(user / 1000).toBeLessThan(MS)
})
