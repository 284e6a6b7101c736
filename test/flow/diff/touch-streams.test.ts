/** Touches in streams (spec §7.8): their ids, contents that follow them, links, composition. */
import { appendFileSync, linkSync, rmSync, utimesSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { RefusedError } from '../../../src/base/errors.ts'
import { createMonitor } from '../../../src/base/monitor.ts'
import { compose } from '../../../src/flow/convert/compose.ts'
import { invert } from '../../../src/flow/convert/invert.ts'
import { expandTouch } from '../../../src/flow/diff/expand-touch.ts'
import { withTouch } from '../../../src/flow/diff/touch.ts'
import { pack } from '../../../src/flow/pack/pack.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { contentAt } from '../../../src/model/entries.ts'
import type { Item } from '../../../src/model/item.ts'
import { needsContent } from '../../../src/model/need.ts'
import { pathKey } from '../../../src/model/path.ts'
import type { Row } from '../../../src/model/row.ts'
import { TouchSearch } from '../../../src/tree/touch-search.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, collect, itemsOf, record, replayItems, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { entry, tree } from '../../support/row-table.ts'
import { useTempDirs } from '../../support/temp-dir.ts'
import {
  asStream,
  diffTouched,
  makeTouchTrees,
  NEW_TIME,
  OLD_TIME,
  pathsIn,
  touchChangeset,
  touchIn,
} from '../../support/touch-trees.ts'
import { inPieces, validVectors } from '../../support/vectors.ts'

const tempDir = useTempDirs()

describe('the id of a touch', () => {
  it('is what the vectors say, which are written from the spec alone', async () => {
    const { bytes } = validVectors.find(({ name }) => name === 'valid/touch-alone')!
    const items = await collect(readItems(inPieces(bytes, bytes.length)))
    const text = (bytes: string) => ({ size: bytes.length, content: hashBytes(Buffer.from(bytes)) })
    const rows = tree({ a: { mtimeSec: -1, mtimeNsec: 750_000_000 }, b: { mtimeNsec: 2 }, c: { mtimeNsec: 3 } })
    rows[1]!.after = { ...rows[1]!.after!, ...text('one\n') }
    rows[2]!.after = { ...rows[2]!.after!, ...text('two\n') }
    const expanded = await expandTouch(replayItems(items), () => itemsOf(rows, { kind: 'snapshot' }))
    expect(pathsIn(await collect(expanded))).toEqual(['a', 'b'])
  })
})

describe('contents behind a touch', () => {
  it('follow the rows that need them, those of both sides too', async () => {
    const dir = tempDir()
    makeTouchTrees(dir)
    const monitor = createMonitor('pack')
    const [source, basis] = [Buffer.from(`${dir}/after`), Buffer.from(`${dir}/before`)]
    const both = { source, old: null, basis, both: true, level: null, monitor }
    const items = await asStream(await collect(pack(diffTouched(`${dir}/before`, `${dir}/after`), both)))
    const expanded = await collect(await expandTouch(replayItems(items), () => record(`${dir}/target`, 'blake3')))
    // The reader of a stream refuses contents that no row before them needs.
    const again = await asStream(expanded)
    expect(again.filter(({ kind }) => kind === 'content').length).toBeGreaterThanOrEqual(
      items.filter(({ kind }) => kind === 'content').length,
    )
    expect((await applyItems(again, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    const back = await collect(invert(replayItems(items), { tool: '', level: 1, comment: '' }))
    expect((await applyItems(back, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
  })

  it('follow them where thousands of touched files lie between two rows', async () => {
    const bytesOf = (text: string) => ({ size: text.length, content: hashBytes(Buffer.from(text)) })
    const given = (i: number, mtimeSec: number, text: string): Row => {
      const { before, path } = tree({ [i]: { mtimeSec } })[1]!
      return { path, before, after: { ...entry({ mtimeSec }), ...bytesOf(text) } }
    }
    const edits = [10_000, 11_000, 12_000, 13_000, 14_999]
    const numbers = Array.from({ length: 5000 }, (_, i) => 10_000 + i)
    const before = numbers.map((i) => given(i, OLD_TIME, String(i % 7)))
    const rows = numbers.map((i, k): Row => {
      const text = edits.includes(i) ? `edited ${i % 2}` : String(i % 7)
      return { ...given(i, NEW_TIME, text), before: before[k]!.after }
    })
    const search = new TouchSearch(1)
    const told = await collect(withTouch(itemsOf(rows, { data: true, digest: 'blake3' }), search))
    expect(touchIn(told)?.fileCount).toBe(4995)
    const contents = ['edited 0', 'edited 1'].map((text): Item => {
      const bytes = Buffer.from(text)
      return {
        kind: 'content',
        piece: { id: hashBytes(bytes), size: bytes.length, offset: 0, bytes },
        isVerified: false,
      }
    })
    const items = await asStream([...told.slice(0, -1), ...contents, told.at(-1)!])
    const open = () => itemsOf(before, { kind: 'snapshot' })
    // The reader of a stream refuses contents that no row of the batch before them needs.
    const expanded = await asStream(await collect(await expandTouch(replayItems(items), open)))
    expect(pathsIn(expanded).length).toBe(5000)
    const batches = expanded.filter(({ kind }) => kind === 'rows').length
    expect(batches).toBeGreaterThan(3)
    let needed = 0
    for (const [k, item] of expanded.entries()) {
      if (item.kind !== 'rows') continue
      const { batch } = item
      const ids = new Set<string>()
      for (let i = 0; i < batch.rowCount; i++) {
        if (needsContent(batch.before, batch.after, i)) ids.add(pathKey(contentAt(batch.after!, i)))
      }
      needed += ids.size
      const next = expanded.findIndex(({ kind }, n) => n > k && kind !== 'content')
      const sent = expanded
        .slice(k + 1, next)
        .flatMap((each) => (each.kind === 'content' ? [pathKey(each.piece.id)] : []))
      expect(new Set(sent)).toEqual(ids)
      expect(sent.length).toBe(ids.size)
    }
    expect(needed).toBeGreaterThan(2)
  })
})

describe('hard links', () => {
  it('of a touched file that no row names have its time too', async () => {
    const dir = tempDir()
    const items = await touchChangeset(dir)
    rmSync(`${dir}/target/b/linked`)
    linkSync(`${dir}/target/a/f4`, `${dir}/target/b/linked`)
    // Another file under a name of the touch: contents tell.
    await expect(applyItems(items, `${dir}/target`)).rejects.toThrow(RefusedError)
    appendFileSync(`${dir}/target/own2`, 'more')
    await expect(applyItems(items, `${dir}/target`)).rejects.toThrow(RefusedError)
  })
})

describe('two changesets in a row', () => {
  it('are composed with the tree between them', async () => {
    const dir = tempDir()
    const first = await touchChangeset(dir)
    copyTree(`${dir}/after`, `${dir}/last`)
    for (let i = 10; i < 20; i++) utimesSync(`${dir}/last/a/f${i}`, 1_720_000_000, 1_720_000_000)
    for (let i = 0; i < 10; i++)
      utimesSync(`${dir}/last/b/f${i === 1 || i === 2 ? 10 + i : i}`, 1_720_000_000, 1_720_000_000)
    const second = await collect(diffTouched(`${dir}/after`, `${dir}/last`))
    const options = { tool: '', level: 1, comment: '' }
    const alone = () => collect(compose({ first: replayItems(first), second: replayItems(second), ...options }))
    await expect(alone()).rejects.toMatchObject({ code: 'touched' })
    const between = () => record(`${dir}/after`, 'blake3')
    const composed = await collect(
      compose({
        first: await expandTouch(replayItems(first), between),
        second: await expandTouch(replayItems(second), between),
        ...options,
      }),
    )
    const items = await asStream(await collect(withData(replayItems(composed), `${dir}/last`)))
    expect((await applyItems(items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/last`, `${dir}/target`)).toEqual([])
  })
})
