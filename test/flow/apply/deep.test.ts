/** Trees deeper than any path: made, taken back, and changed. In a time that grew with a power of the depth they would run into the limit of a test. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { TakeItems } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyItems, applyOptions, changeset, collect, replayItems } from '../../support/apply-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const DEPTH = 1000

/** Makes directories within each other, and a file in the last. */
function dig(root: string, depth: number): void {
  const make = `for (let k = 0; k < ${depth}; k++) { fs.mkdirSync('name'); process.chdir('name') }; fs.writeFileSync('leaf', 'x')`
  execFileSync(process.execPath, ['-e', make], { cwd: root })
}

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
  dig(`${dir}/after`, DEPTH)
  const items = await changeset(`${dir}/before`, `${dir}/after`)
  const back: Item[] = []
  const undo = async (taken: AsyncIterable<Item>) => {
    back.push(...(await collect(taken)))
  }
  expect((await apply(items, `${dir}/target`, undo)).outcome).toBe('applied')
  expect((await apply(back, `${dir}/target`, null)).outcome).toBe('applied')
  expect(readdirSync(`${dir}/target`)).toEqual([])
})

it.each([
  ['removed', null],
  ['kept', 'kept'],
])('is exchanged as a whole, with few descriptors, the old one %s', async (_, kept) => {
  const dir = tempDir()
  for (const name of ['before', 'after', 'target']) {
    mkdirSync(`${dir}/${name}`)
    writeFileSync(`${dir}/${name}/file`, name === 'after' ? 'after' : 'before')
    utimesSync(`${dir}/${name}/file`, 1_500_000_000, 1_500_000_000)
  }
  dig(`${dir}/target`, 3000)
  const items = await changeset(`${dir}/before`, `${dir}/after`)
  const atomic = { oldTree: kept === null ? null : Buffer.from(`${dir}/${kept}`) }
  expect((await applyItems(items, `${dir}/target`, { atomic })).outcome).toBe('applied')
  expect(readFileSync(`${dir}/target/file`, 'utf8')).toBe('after')
  const levels = execFileSync('find', [`${dir}/target`, '-name', 'leaf', '-printf', '%d']).toString()
  expect(levels).toBe('3001')
})
