import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Kind, Limits, State } from '../../../src/base/constants.ts'
import { HostError } from '../../../src/base/errors.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { itemsOf, rowsOfTree } from '../../support/disk-rows.ts'
import { file, link, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { isRoot, makeEveryKind, oddNames, pattern } from '../../support/every-kind.ts'
import {
  changed,
  collect,
  contentsOf,
  each,
  fileRow,
  inShort,
  known,
  packItems,
  packRows,
} from '../../support/packing.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_000_000_000, 7] as const

function makeSource(spec: TreeSpec): string {
  const dir = tempDir()
  makeTree(dir, spec, time)
  return dir
}

describe('pack', () => {
  it('sends the contents of new files behind their rows, and fills in their ids', async () => {
    const source = makeSource([
      ['a', file('one')],
      ['b', file('')],
      ['c/d', file('two')],
    ])
    const items = await packRows(rowsOfTree(source), source)
    expect(inShort(items)).toEqual(['rows  a b c c/d', 'content a 0', 'content c/d 0'])
    expect(items[0]).toMatchObject({ kind: 'header', header: { data: true } })
    const [, rows] = items
    const ids = rowsOf((rows as Item & { kind: 'rows' }).batch).map(({ after }) => after!.content)
    const idOf = (text: string): string => pathKey(hashBytes(Buffer.from(text)))
    expect(ids.map(pathKey)).toEqual(['', idOf('one'), idOf(''), '', idOf('two')])
  })

  it('sends every file of a tree with everything in it, whatever its name and depth', async () => {
    const source = makeEveryKind(tempDir(), { deep: true, unreadable: isRoot })
    const rows = rowsOfTree(source)
    const items = await packItems(itemsOf('snapshot', rows), source)
    expect(inShort(items).filter((line) => line.startsWith('problem'))).toEqual([])
    const contents = contentsOf(items)
    const packed = items.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch) : []))
    const files = packed.filter(({ after }) => after!.kind === Kind.file && after!.size > 0 && after!.link.length === 0)
    expect(files.length).toBeGreaterThan(oddNames.length)
    for (const { after } of files) expect(contents.get(pathKey(after!.content))?.length).toBe(after!.size)
  })

  it('makes a stream that a reader accepts', async () => {
    const source = tempDir()
    makeRandomTree(source, { seed: 11, entryCount: 3000, odd: true })
    const items = await packItems(itemsOf('snapshot', rowsOfTree(source)), source)
    const read = await collect(readItems(encodeItems(each(items))))
    expect(inShort(read)).toEqual(inShort(items))
    expect(contentsOf(read).size).toBe(contentsOf(items).size)
  })

  it('sends nothing for links, equal contents, metadata and settled rows of a plan', async () => {
    const source = makeSource([
      ['a', file('one')],
      ['b', link('a')],
      ['c', file('three', { mode: 0o600 })],
    ])
    const rows = rowsOfTree(source)
    const id = { content: hashBytes(Buffer.from('one')) }
    const unneeded = [
      changed(known(fileRow(rows, 'a'), Buffer.from('one')), { ...id, mtimeSec: 1 }),
      fileRow(rows, 'b'),
      changed(fileRow(rows, 'c'), { mode: 0o644 }),
    ]
    expect(inShort(await packRows(unneeded, source))).toEqual(['rows a b c'])
    const plan = itemsOf('plan', [fileRow(rows, 'a')])
    for (const item of plan) if (item.kind === 'rows') item.batch.state = Uint8Array.of(State.done)
    expect(inShort(await packItems(plan, source))).toEqual([])
  })

  it('sends a moved file only where nothing but its size, time and name say what it has', async () => {
    const source = makeSource([['a', file('one')]])
    const row = fileRow(rowsOfTree(source), 'a')
    const moved = { ...row, after: { ...row.after!, moved: Buffer.from('old') } }
    expect(inShort(await packRows([moved], source))).toEqual(['rows a'])
    const guess = { ...moved, after: { ...moved.after, hint: { ...row.after!.hint!, racy: 1 } } }
    const items = await packRows([guess], source)
    expect(inShort(items)).toEqual(['rows a', 'content a 0'])
    expect(inShort(await packItems(items, source))).toEqual(['rows a', 'content a 0'])
    expect(inShort(await packRows([known(moved, Buffer.from('one'))], source))).toEqual(['rows a'])
  })

  it('sends equal contents once: for all rows of a batch, and later as a copy', async () => {
    const [long, short] = ['x'.repeat(600), 'short']
    const source = makeSource([
      ['a', file(long)],
      ['b', file(long)],
      ['c', file(short)],
    ])
    const rows = rowsOfTree(source).slice(1)
    const again = rows.map((row) => ({ ...row, path: Buffer.from(`z${pathKey(row.path)}`) }))
    for (const row of again) writeFileSync(`${source}/${pathKey(row.path)}`, pathKey(row.path) === 'zc' ? short : long)
    const late = rowsOfTree(source).slice(4)
    const two = itemsOf('changeset', rows)
    two.splice(2, 0, ...itemsOf('changeset', late).slice(1, -1))
    const items = await packItems(two, source)
    // 'b' is the last row with the id, so the short form names the content after it.
    expect(inShort(items)).toEqual([
      'rows a b c',
      'content b 0',
      'content c 0',
      'rows za zb zc',
      'recipe zb',
      'content zc 0',
    ])
    expect(items.find((item) => item.kind === 'recipe')).toMatchObject({
      recipe: {
        size: 600,
        literals: EMPTY,
        ranges: [{ from: 'after', path: Buffer.from('a'), offset: 0, length: 600 }],
      },
    })
  })

  it('changes nothing in a stream that has its contents', async () => {
    const source = makeSource([
      ['a', file('one')],
      ['b', file(pattern(3_000_000))],
      ['c/d', file('two')],
    ])
    const once = await packRows(rowsOfTree(source), source)
    rmSync(`${source}/b`)
    expect(inShort(await packItems(once, source))).toEqual(inShort(once))
    expect(await packItems(once, source)).toEqual(once)
  })

  it('adds only what is missing', async () => {
    const source = makeSource([
      ['a', file('one')],
      ['b', file('two')],
    ])
    const items = await packRows(rowsOfTree(source), source)
    items.splice(
      items.findIndex((item) => item.kind === 'content'),
      1,
    )
    expect(inShort(await packItems(items, source))).toEqual(['rows  a b', 'content b 0', 'content a 0'])
  })

  it('sends large files in pieces, with and without a known id', async () => {
    const bytes = pattern(2 * Limits.pieceBytesMax + 5)
    const source = makeSource([['a', file(bytes)]])
    const [, row] = rowsOfTree(source)
    const stale = { ...known(row!, bytes).after!, hint: null }
    for (const after of [row!.after, known(row!, bytes).after, stale]) {
      const items = await packRows([{ ...row!, after }], source)
      expect(inShort(items)).toEqual(['rows a', 'content a 0', 'content a 1048576', 'content a 2097152'])
      expect([...contentsOf(items).values()][0]!.equals(bytes)).toBe(true)
    }
  })

  it('keeps no more than a part of a batch in memory, and sends it all', async () => {
    const source = makeSource(Array.from({ length: 40 }, (_, i) => [`f${i}`, file(pattern(1_000_000 + i))] as const))
    const items = await packRows(rowsOfTree(source), source)
    expect(contentsOf(items).size).toBe(40)
  })

  it('clears the id of a snapshot that it changed', async () => {
    const source = makeSource([['a', file('one')]])
    const rows = rowsOfTree(source)
    const to = new Uint8Array(32).fill(1)
    const endOf = async (items: Item[]): Promise<Item> => {
      const end = items.at(-1)!
      if (end.kind === 'end') end.end = { ...end.end, to }
      return (await packItems(items, source)).at(-1)!
    }
    expect(await endOf(itemsOf('snapshot', rows))).toMatchObject({ end: { to: EMPTY } })
    expect(await endOf(itemsOf('snapshot', [known(rows[1]!, Buffer.from('one'))]))).toMatchObject({ end: { to } })
    expect(await endOf(itemsOf('changeset', rows))).toMatchObject({ end: { to } })
  })

  it('says that there is no source', async () => {
    await expect(packRows([], '/nowhere/at/all')).rejects.toThrow(HostError)
  })
})
