/** InodeTable: as a Map would answer, and nothing is kept of a group whose names were all met. */
import assert from 'node:assert'
import { expect, test } from 'vitest'
import { InodeTable } from '../../src/model/inode-table.ts'
import { pathKey } from '../../src/model/path.ts'
import { makePrng } from '../support/prng.ts'

const bytes = (text: string) => Buffer.from(text)

test('meet answers with the first name until all names were met', () => {
  const table = new InodeTable()
  expect(table.meet(1, 0, 0, 3, bytes('a'), bytes('x'))).toBe(null)
  expect(pathKey(table.meet(1, 0, 0, 3, bytes('b'), bytes('y'))!)).toBe('a/x')
  expect(table.meet(1, 0, 1, 3, bytes('c'), bytes('z'))).toBe(null)
  expect(table.meet(1, 1, 0, 3, bytes('c'), bytes('z'))).toBe(null)
  expect(table.size).toBe(3)
  expect(pathKey(table.meet(1, 0, 0, 3, bytes('c'), bytes('z'))!)).toBe('a/x')
  expect(table.size).toBe(2)
  expect(table.meet(1, 0, 0, 3, bytes('d'), bytes('z'))).toBe(null)
})

test('an inode with one name is not kept', () => {
  const table = new InodeTable()
  expect(table.meet(7, 0, 0, 1, bytes(''), bytes('x'))).toBe(null)
  expect(table.size).toBe(0)
})

test.each([100, 20_000])('%i inodes at random', (count) => {
  const prng = makePrng(count)
  const table = new InodeTable()
  const model = new Map<number, { path: string; left: number }>()
  for (let step = 0; step < 6 * count; step++) {
    const ino = prng.below(count)
    const nlink = 2 + (ino % 4)
    const dir = step % 3 === 0 ? '' : `directory-${Math.floor(step / 50)}`
    const name = `name-${step}`
    const known = model.get(ino)
    const found = table.meet(ino % 1000, Math.floor(ino / 1000), ino % 2, nlink, bytes(dir), bytes(name))
    assert((found === null ? null : pathKey(found)) === (known?.path ?? null))
    if (known === undefined) model.set(ino, { path: dir === '' ? name : `${dir}/${name}`, left: nlink - 1 })
    else if (--known.left === 0) model.delete(ino)
  }
  expect(table.size).toBe(model.size)
})
