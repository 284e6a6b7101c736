/** A row that changes contents and neither size nor time: what is at the target cannot be told by looking at it. */
import { mkdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { applyItems, collect, itemsOf, rowsOfTree, withData } from '../../support/apply-tree.ts'
import { directory, file, makeTree } from '../../support/disk-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_500_000_000, 0] as const

/** Two trees and what leads from one to the other, without contents. */
async function hiddenEdit(digest: 'none' | 'blake3'): Promise<{ root: string; items: AsyncGenerator<Item> }> {
  const root = tempDir()
  for (const side of ['before', 'after']) {
    mkdirSync(`${root}/${side}`)
    makeTree(
      `${root}/${side}`,
      [
        ['', directory({ mode: 0o755 })],
        ['file', file(side === 'after' ? 'after' : 'befor')],
      ],
      time,
    )
  }
  const [before, after] = await Promise.all(['before', 'after'].map((side) => rowOf(`${root}/${side}`, digest)))
  return { root, items: itemsOf([{ path: Buffer.from('file'), before: before!, after: after! }]) }
}

async function rowOf(tree: string, digest: 'none' | 'blake3') {
  return (await rowsOfTree(tree, digest)).find(({ path }) => pathKey(path) === 'file')!.after
}

describe('an edit that neither size nor time tells', () => {
  it.each([
    ['before', 'applied'],
    ['after', 'unchanged'],
  ])('at a target that is %s is %s, with quick too', async (side, outcome) => {
    const { root, items } = await hiddenEdit('blake3')
    const packed = await collect(withData(items, `${root}/after`))
    expect((await applyItems(packed, `${root}/${side}`, { quick: true })).outcome).toBe(outcome)
    expect(readFileSync(`${root}/${side}/file`, 'utf8')).toBe('after')
  })

  it('is not taken for applied where no ids tell it either', async () => {
    const { root, items } = await hiddenEdit('none')
    const bare = await collect(items)
    expect((await applyItems(bare, `${root}/before`)).outcome).toBe('missing-contents')
    const source = Buffer.from(`${root}/after`)
    expect((await applyItems(bare, `${root}/before`, { source })).outcome).toBe('applied')
    expect(readFileSync(`${root}/before/file`, 'utf8')).toBe('after')
  })
})
