/** scan again: what did not change keeps its id unread, what changed gets another. */
import { appendFileSync, chmodSync, linkSync, readFileSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import type { Item } from '../../../src/model/item.ts'
import { file, link, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { pattern } from '../../support/every-kind.ts'
import { scanItems, scanTree } from '../../support/scanning.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const LONG_AGO = [1_500_000_000, 1] as const

async function* itemsFrom(items: Item[]): AsyncIterable<Item> {
  yield* items
}

function treeOf(spec: TreeSpec): string {
  const root = tempDir()
  makeTree(root, spec, LONG_AGO)
  return root
}

describe('reuse', () => {
  const old = { digest: 'blake3' } as const
  const root = treeOf([
    ['same', file('same')],
    ['edited', file('edited')],
    ['touched', file('touched')],
    ['group-1', file('group')],
    ['group-2', link('group-1')],
    ['sub/same', file('sub')],
  ])

  test('takes ids of what was not touched, and reads the rest', async () => {
    // Ids that no file has tell what was taken over.
    const items = await scanItems(root, old)
    for (const item of items) {
      if (item.kind !== 'rows') continue
      item.batch.after!.hints!.racy.fill(0)
      item.batch.after!.content!.fill(7)
    }
    appendFileSync(`${root}/edited`, '!')
    chmodSync(`${root}/touched`, 0o600)
    writeFileSync(`${root}/added`, 'added')
    const { entries } = await scanTree(root, { digest: 'blake3', reuse: itemsFrom(items) })
    const isTaken = (name: string) => entries.get(name)!.content.every((byte) => byte === 7)
    expect(['same', 'group-1', 'group-2', 'sub/same'].map(isTaken)).toEqual([true, true, true, true])
    for (const name of ['edited', 'touched', 'added']) {
      expect(Buffer.from(entries.get(name)!.content)).toEqual(hashBytes(readFileSync(`${root}/${name}`)))
    }
  })

  test('a racy file is read again', async () => {
    writeFileSync(`${root}/same`, 'anew')
    const items = await scanItems(root, old)
    for (const item of items) if (item.kind === 'rows') item.batch.after!.content!.fill(7)
    const { entries } = await scanTree(root, { digest: 'blake3', reuse: itemsFrom(items) })
    expect(entries.get('same')!.hint!.racy).toBe(1)
    expect(Buffer.from(entries.get('same')!.content)).toEqual(hashBytes(Buffer.from('anew')))
  })

  test('a stream that is no snapshot is refused', async () => {
    const items = await scanItems(root, old)
    if (items[0]!.kind === 'header') items[0]!.header.kind = 'changeset'
    await expect(scanItems(root, { digest: 'blake3', reuse: itemsFrom(items) })).rejects.toMatchObject({
      code: 'wrong-kind',
    })
  })
})

describe('a file that changes', () => {
  test('between two scans has another id', async () => {
    const root = treeOf([['f', file(pattern(300_000))]])
    const before = await scanTree(root, { digest: 'blake3' })
    writeFileSync(`${root}/f`, pattern(300_001))
    utimesSync(`${root}/f`, 1, 1)
    const after = await scanTree(root, { digest: 'blake3' })
    expect(after.entries.get('f')!.content).not.toEqual(before.entries.get('f')!.content)
    expect(after.entries.get('f')!.size).toBe(300_001)
  })

  test('its link count counts names outside the tree', async () => {
    const root = treeOf([['f', file('x')]])
    const outside = `${tempDir()}/f`
    linkSync(`${root}/f`, outside)
    expect((await scanTree(root)).entries.get('f')!.hint!.nlink).toBe(2)
    unlinkSync(outside)
    expect((await scanTree(root)).entries.get('f')!.hint!.nlink).toBe(1)
  })
})
