/** An apply in place: the same end as any apply, in portions. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { State } from '../../../src/base/constants.ts'
import type { ApplyOptions } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { Errno } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { diffWithMoves } from '../../support/apply-moves.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import {
  applyItems,
  applyOptions,
  changeset,
  collect,
  itemsOf,
  recordWithData,
  replayItems,
  rowsOfTree,
  withData,
} from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { charDevice, file, makeTree } from '../../support/disk-tree.ts'
import { isRoot, makeEveryKind, pattern } from '../../support/every-kind.ts'
import { makeFaultTrees } from '../../support/fault-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

function direct(items: readonly Item[], target: string, changed: Partial<ApplyOptions> = {}) {
  return applyDirect(() => replayItems(items), applyOptions(target, changed))
}

describe('an apply in place', () => {
  it.each([1, 2, 3, 4, 5, 6])('leads where any apply leads, seed %i', async (seed) => {
    const dir = tempDir()
    makeChangedTrees(dir, seed + 700, 60, 25)
    const rows = diffWithMoves(await rowsOfTree(`${dir}/before`), await rowsOfTree(`${dir}/after`))
    const items = await collect(withData(itemsOf(rows), `${dir}/after`))
    expect((await direct(items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    expect((await direct(items, `${dir}/target`)).outcome).toBe('unchanged')
  })

  it('restores a snapshot, the root among it', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: true, unreadable: isRoot })
    expect((await direct(await collect(recordWithData(root)), `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(root, `${dir}/target`)).toEqual([])
  })

  it('writes an undo before, and a receipt of all portions behind', async () => {
    const dir = tempDir()
    const items = await makeFaultTrees(dir)
    copyTree(`${dir}/before`, `${dir}/target`)
    const kept: Record<string, Item[]> = {}
    const take = (name: string) => async (taken: AsyncIterable<Item>) => {
      kept[name] = await collect(taken)
    }
    await direct(items, `${dir}/target`, { undo: take('undo'), receipt: take('receipt') })
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    copyTree(`${dir}/before`, `${dir}/other`)
    await applyItems(items, `${dir}/other`, { receipt: take('ordinary') })
    const countRows = (list: Item[]) =>
      list.reduce((sum, item) => sum + (item.kind === 'rows' ? item.batch.rowCount : 0), 0)
    expect(countRows(kept['receipt']!)).toBe(countRows(kept['ordinary']!))
    await direct(kept['undo']!, `${dir}/target`)
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
  })

  it.skipIf(!isRoot)(
    'leaves out a device that the system does not let it make, and says so in the receipt',
    async () => {
      const dir = tempDir()
      for (const name of ['before', 'after', 'target']) mkdirSync(`${dir}/${name}`)
      makeTree(`${dir}/after`, [
        ['device', charDevice(1, 3)],
        ['file', file('new')],
      ])
      const items = await changeset(`${dir}/before`, `${dir}/after`)
      const { mknodat } = libc
      libc.mknodat = () => {
        libc.setErrno(Errno.EPERM)
        return -1
      }
      const told: Item[] = []
      try {
        const receipt = async (taken: AsyncIterable<Item>) => void told.push(...(await collect(taken)))
        const report = await direct(items, `${dir}/target`, { receipt })
        expect(report).toMatchObject({ outcome: 'applied', notKept: { devices: 1 }, counts: { skipped: 1, added: 1 } })
      } finally {
        libc.mknodat = mknodat
      }
      const batches = told.flatMap((item) => (item.kind === 'rows' ? [item.batch] : []))
      const states = batches.flatMap((batch) => rowsOf(batch).map(({ path }, i) => [pathKey(path), batch.state![i]]))
      expect(states).toEqual(expect.arrayContaining([['device', State.skipped]]))
    },
  )

  it('changes nothing where a row does not fit, or a dry run asks', async () => {
    const dir = tempDir()
    const items = await makeFaultTrees(dir)
    copyTree(`${dir}/before`, `${dir}/target`)
    expect((await direct(items, `${dir}/target`, { dryRun: true })).outcome).toBe('planned')
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
    writeFileSync(`${dir}/target/a/deleted`, 'local')
    copyTree(`${dir}/target`, `${dir}/copy`)
    expect(await direct(items, `${dir}/target`)).toMatchObject({ outcome: 'conflicts', isPartly: false })
    expect(compareTrees(`${dir}/copy`, `${dir}/target`)).toEqual([])
    expect((await direct(items, `${dir}/target`, { onConflict: 'skip' })).outcome).toBe('applied')
    expect(readFileSync(`${dir}/target/a/deleted`, 'utf8')).toBe('local')
  })
})

describe('portions', () => {
  const MEBIBYTE = 1 << 20

  it('bound what is staged at a time', { timeout: 300_000 }, async () => {
    const dir = tempDir()
    for (const [tree, salt] of [
      ['before', 1],
      ['after', 2],
    ] as const) {
      mkdirSync(`${dir}/${tree}/new`, { recursive: true })
      for (let i = 0; i < 30; i++) writeFileSync(`${dir}/${tree}/${i}`, pattern(MEBIBYTE + salt * 10 + i))
      writeFileSync(`${dir}/${tree}/large`, pattern(12 * MEBIBYTE + salt))
      if (tree === 'after') for (let i = 0; i < 10; i++) writeFileSync(`${dir}/${tree}/new/${i}`, pattern(MEBIBYTE - i))
    }
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    copyTree(`${dir}/before`, `${dir}/target`)
    let [written, most] = [0, 0]
    const { pwrite, renameat2 } = libc
    libc.pwrite = (...args) => {
      const length = pwrite(...args)
      written += Math.max(0, length)
      return length
    }
    // The first rename is that of a commit: until the next batch of writes all that was written was staged.
    libc.renameat2 = (...args) => {
      most = Math.max(most, written)
      written = 0
      return renameat2(...args)
    }
    try {
      expect((await direct(items, `${dir}/target`)).outcome).toBe('applied')
    } finally {
      Object.assign(libc, { pwrite, renameat2 })
    }
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThan(14 * MEBIBYTE)
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  })
})
