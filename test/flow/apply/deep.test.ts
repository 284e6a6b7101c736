/** A tree deeper than any path: made, and taken back, in a time that grows with its depth and not with a power of it. */
import { mkdirSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Item } from '../../../src/model/item.ts'
import { applyItems, changeset, collect } from '../../support/apply-tree.ts'
import { directory, file, makeTree } from '../../support/disk-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const DEPTH = 1500
/** It takes two seconds; where each directory sought its row through all above it, a minute and more. */
const MS = 30_000

it('goes as it came', async () => {
  const dir = tempDir()
  for (const name of ['before', 'after', 'target']) mkdirSync(`${dir}/${name}`)
  const paths = Array.from({ length: DEPTH }, (_, k) =>
    Array(k + 1)
      .fill('name')
      .join('/'),
  )
  makeTree(`${dir}/after`, [...paths.map((path) => [path, directory()] as const), [`${paths.at(-1)}/leaf`, file('x')]])
  const items = await changeset(`${dir}/before`, `${dir}/after`)
  const back: Item[] = []
  const undo = async (taken: AsyncIterable<Item>) => {
    back.push(...(await collect(taken)))
  }
  const start = process.cpuUsage()
  expect((await applyItems(items, `${dir}/target`, { undo })).outcome).toBe('applied')
  expect((await applyItems(back, `${dir}/target`)).outcome).toBe('applied')
  const { user } = process.cpuUsage(start)
  expect(readdirSync(`${dir}/target`)).toEqual([])
  expect(user / 1000).toBeLessThan(MS)
})
