/** flow/diff/diff.ts, invert.ts, compose.ts: whole streams, as frames and as items. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { RefusedError } from '../../../src/base/errors.ts'
import { createMonitor } from '../../../src/base/monitor.ts'
import { compose } from '../../../src/flow/convert/compose.ts'
import { invert } from '../../../src/flow/convert/invert.ts'
import { type DiffOptions, diff } from '../../../src/flow/diff/diff.ts'
import { openReader, readItems, type StreamReader } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import type { Header, Item } from '../../../src/model/item.ts'
import { compareRowPaths } from '../../../src/model/path.ts'
import type { Problem } from '../../../src/model/problem.ts'
import { batchesOf, type Row, rowsOf } from '../../../src/model/row.ts'
import { replay } from '../../../src/tree/replay.ts'
import { assertSameRows, diffRows, plainRules } from '../../support/algebra.ts'
import { arbitraryStates } from '../../support/arbitraries.ts'
import { type Given, hint, lines, tree } from '../../support/row-table.ts'

const EMPTY = new Uint8Array(0)
const header: Header = {
  kind: 'snapshot',
  tool: 'test',
  host: '',
  root: EMPTY,
  rootId: null,
  digest: 'none',
  xattrs: true,
  trustedHidden: false,
  filters: [],
  level: 1,
  data: false,
  dataBefore: false,
  ignored: [],
  comment: '',
  features: [],
}
const end = { rowCount: 0, contentCount: 0, contentBytes: 0, problemCount: 0, judgedByTime: 0, from: EMPTY, to: EMPTY }

async function* itemsOf(rows: Row[], given: Partial<Header> = {}, problems: Problem[] = []): AsyncIterable<Item> {
  yield { kind: 'header', header: { ...header, ...given } }
  for (const problem of problems) yield { kind: 'problem', problem }
  for (const batch of batchesOf(rows)) yield { kind: 'rows', batch }
  yield { kind: 'end', end }
}

async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

/** Items as the bytes of a stream, and those as a reader. */
async function framed(items: AsyncIterable<Item>): Promise<StreamReader> {
  return openReader(each([Buffer.concat(await collect(encodeItems(items)))]))
}

const plain = { tool: 'test', level: 1, comment: '' }
const rowsIn = (items: Item[]): Row[] => items.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch) : []))
const endIn = (items: Item[]) => items.flatMap((item) => (item.kind === 'end' ? [item.end] : []))[0]!
const headerIn = (items: Item[]) => items.flatMap((item) => (item.kind === 'header' ? [item.header] : []))[0]!
const problemsIn = (items: Item[]) => items.flatMap((item) => (item.kind === 'problem' ? [item.problem] : []))

function diffItems(
  before: DiffOptions['before'],
  after: DiffOptions['after'],
  moves: DiffOptions['moves'] = 'none',
): Promise<Item[]> {
  return collect(
    diff({ before, after, compare: plainRules, moves, touch: false, ...plain, monitor: createMonitor('diff') }),
  )
}

const byPath = (a: Row, b: Row): number => compareRowPaths(a.path, b.path)

/** A tree of several frames. */
function wide(change: (i: number) => Given = () => ({})): Row[] {
  const entries: Record<string, Given> = { 'd/': {} }
  for (let i = 0; i < 9000; i++) entries[`d/${i}`] = { hint: hint(i + 2, 5), ...change(i) }
  return tree(entries)
}

describe('diff', () => {
  test('frames and items give the same rows', async () => {
    const states = arbitraryStates(1, { contents: 'some', hints: true })
    await fc.assert(
      fc.asyncProperty(states, fc.boolean(), fc.boolean(), async ([a, b], isFramedA, isFramedB) => {
        const before = isFramedA ? await framed(itemsOf(a!)) : itemsOf(a!)
        const after = isFramedB ? await framed(itemsOf(b!)) : itemsOf(b!)
        assertSameRows(rowsIn(await diffItems(before, after)), diffRows(a!, b!))
      }),
      { numRuns: 50 },
    )
  })

  test('equal frames are passed over, the changed one is found', async () => {
    const before = await framed(itemsOf(wide()))
    const after = await framed(itemsOf(wide((i) => (i === 4321 ? { mode: 0 } : {}))))
    let readCount = 0
    const read = before.read.bind(before)
    before.read = () => {
      readCount++
      return read()
    }
    const items = await diffItems(before, after)
    expect(lines(rowsIn(items))).toEqual(['~ d/4321'])
    expect(readCount).toBe(1)
  })

  test('equal frames whose contents nothing proves equal are counted', async () => {
    const rows = wide(() => ({ hint: null }))
    const items = await diffItems(await framed(itemsOf(rows)), await framed(itemsOf(rows)))
    expect(endIn(items)).toMatchObject({ rowCount: 0, judgedByTime: 9000 })
  })

  test('the ends say what the rows lead from and to', async () => {
    const [a, b] = [await framed(itemsOf(wide())), await framed(itemsOf(tree({})))]
    const result = endIn(await diffItems(a, b))
    expect([result.from, result.to]).toEqual([a.end.to, b.end.to])
    expect(result.to).toHaveLength(32)
  })

  test('the header is of the new tree, and says what was not compared', async () => {
    const after = { host: 'h', root: Buffer.from('/r'), filters: ['- x'] }
    const items = await diffItems(itemsOf(tree({}), { xattrs: false, filters: ['- x'] }), itemsOf(tree({}), after))
    expect(headerIn(items)).toMatchObject({ kind: 'changeset', ...after, data: false, ignored: ['xattrs'] })
  })

  test('problems of both sides hide rows and are passed on once', async () => {
    const problem: Problem = { path: Buffer.from('a'), code: 'unreadable', phase: 'scan', detail: 'EIO' }
    const items = await diffItems(itemsOf(tree({ b: {} }), {}, [problem]), itemsOf(tree({ a: {} }), {}, [problem]))
    expect(lines(rowsIn(items))).toEqual(['- b'])
    expect(problemsIn(items)).toEqual([problem])
  })

  test('different filters are told, with the number of rows left out', async () => {
    const items = await diffItems(itemsOf(tree({ a: {}, b: {} })), itemsOf(tree({}), { filters: ['- a'] }))
    expect(lines(rowsIn(items))).toEqual(['- b'])
    expect(problemsIn(items)).toMatchObject([{ code: 'filtered', phase: 'diff', detail: '1' }])
    expect(endIn(items).to).toHaveLength(0)
  })

  test('a changeset is no snapshot', async () => {
    await expect(diffItems(itemsOf([], { kind: 'changeset' }), itemsOf([]))).rejects.toThrow(RefusedError)
  })
})

describe('invert', () => {
  test('of a stream leads back', async () => {
    const [a, b] = [tree({ a: {}, 'd/': {}, 'd/x': {} }), tree({ a: { kind: Kind.fifo, size: 0 }, e: {} })]
    const items = await collect(invert(each(await diffItems(itemsOf(a), itemsOf(b))), plain))
    assertSameRows(replay(b, rowsIn(items)), a)
    expect(headerIn(items)).toMatchObject({ kind: 'changeset', data: false, root: EMPTY })
  })

  test('of a snapshot deletes all of it', async () => {
    const items = await collect(invert(itemsOf(tree({ a: {} })), plain))
    expect(lines(rowsIn(items))).toEqual(['- /', '- a'])
  })
})

describe('compose', () => {
  const [a, b, c] = [tree({ a: {}, b: {} }), tree({ b: { size: 3 }, c: {} }), tree({ b: {}, c: {}, d: {} })]

  test('of two changesets', async () => {
    const [first, second] = [await diffItems(itemsOf(a), itemsOf(b)), await diffItems(itemsOf(b), itemsOf(c))]
    const items = await collect(compose({ first: each(first), second: each(second), ...plain }))
    assertSameRows(replay(a, rowsIn(items)), c)
  })

  test('of a snapshot and a changeset is a snapshot', async () => {
    const second = await diffItems(itemsOf(a), itemsOf(b))
    const stream = collect(encodeItems(compose({ first: itemsOf(a), second: each(second), ...plain })))
    const items = await collect(readItems(each(await stream)))
    expect(headerIn(items).kind).toBe('snapshot')
    assertSameRows(rowsIn(items), b)
  })

  test('of rows that tell moves', async () => {
    const view = { contents: 'all', hints: true } as const
    await fc.assert(
      fc.asyncProperty(arbitraryStates(2, view), fc.boolean(), fc.boolean(), async (states, isFirst, isSecond) => {
        const [x, y, z] = states as [Row[], Row[], Row[]]
        const first = await diffItems(itemsOf(x), itemsOf(y), isFirst ? 'proven' : 'none')
        const second = await diffItems(itemsOf(y), itemsOf(z), isSecond ? 'likely' : 'none')
        const items = await collect(compose({ first: each(first), second: each(second), ...plain }))
        assertSameRows(replay(x, rowsIn(items)), z)
      }),
      { numRuns: 50 },
    )
  })

  test('of several frames, of which a late one tells a move', async () => {
    const last = (name: string): Row[] =>
      [...wide(), ...tree({ 'e/': {}, [`e/${name}`]: { content: 5 } }).slice(1)].sort(byPath)
    const middle = wide((i) => (i === 5000 ? { mode: 0 } : {}))
    const x = last('a')
    const y = [...middle, ...tree({ 'e/': {}, 'e/b': { content: 5 } }).slice(1)].sort(byPath)
    const first = await diffItems(itemsOf(x), itemsOf(y), 'proven')
    const second = await diffItems(itemsOf(y), itemsOf(last('c')), 'proven')
    const items = await collect(compose({ first: each(first), second: each(second), ...plain }))
    expect(lines(rowsIn(items))).toEqual(['- e/a > e/c', '+ e/c < e/a'])
  })

  test('refuses what does not follow', async () => {
    const [first, second] = [await diffItems(itemsOf(a), itemsOf(b)), await diffItems(itemsOf(a), itemsOf(c))]
    await expect(collect(compose({ first: each(first), second: each(second), ...plain }))).rejects.toThrow(/begin/)
  })
})
