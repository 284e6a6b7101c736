/** A changeset and its undo. */
import { expect } from 'vitest'
import { readItems } from '../../src/flow/stream/reader.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import type { Item } from '../../src/model/item.ts'
import { applyItems, collect } from './apply-tree.ts'
import { compareTrees } from './compare-trees.ts'

/** Applies what leads from `dir/before` to `dir/after` to a target, and takes it back by the undo that it has written. */
export async function thereAndBack(dir: string, target: string, items: Item[]): Promise<void> {
  let back: Item[] = []
  const undo = async (taken: AsyncIterable<Item>) => {
    back = await collect(readItems(encodeItems(taken)))
  }
  expect((await applyItems(items, target, { undo })).outcome).toBe('applied')
  expect(compareTrees(`${dir}/after`, target)).toEqual([])
  expect((await applyItems(back, target)).outcome).toBe('applied')
  expect(compareTrees(`${dir}/before`, target)).toEqual([])
}
