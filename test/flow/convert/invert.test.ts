/** The inverse with contents: a changeset that has those of both sides leads there and back with nothing else at hand. */
import { describe, expect, it } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import { invert } from '../../../src/flow/convert/invert.ts'
import { diff } from '../../../src/flow/diff/diff.ts'
import { pack } from '../../../src/flow/pack/pack.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import type { Item } from '../../../src/model/item.ts'
import { makeChangedTrees } from '../../support/apply-random.ts'
import { applyItems, changeset, collect, record, replayItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const turned = { tool: '', level: 3, comment: '' }

/** A changeset with the contents of both trees, as one reads it. */
function bothSides(dir: string, digest: 'none' | 'blake3'): Promise<Item[]> {
  const rows = diff({
    before: record(`${dir}/before`, digest),
    after: record(`${dir}/after`, digest),
    compare: { ignoreTimes: false, sizeOnly: false, ignored: new Set() },
    moves: 'likely',
    touch: false,
    tool: '',
    level: 3,
    comment: '',
    monitor: createMonitor('diff'),
  })
  const [source, basis] = [Buffer.from(`${dir}/after`), Buffer.from(`${dir}/before`)]
  const items = pack(rows, { source, old: null, basis, both: true, level: null, monitor: createMonitor('pack') })
  return collect(readItems(encodeItems(items)))
}

const inverse = (items: Item[]) => collect(readItems(encodeItems(invert(replayItems(items), turned))))
/** What a changeset says, without who says it. */
const body = (items: Item[]) => items.filter(({ kind }) => kind !== 'header' && kind !== 'end')

describe('a changeset with the contents of both trees', () => {
  it.each([
    [1, 'none'],
    [2, 'none'],
    [3, 'blake3'],
    [4, 'blake3'],
    [5, 'none'],
    [6, 'blake3'],
  ] as const)('leads there and back, seed %i with ids of %s', async (seed, digest) => {
    const dir = tempDir()
    makeChangedTrees(dir, seed + 500, 60, 25)
    const items = await bothSides(dir, digest)
    expect((await applyItems(items, `${dir}/target`)).outcome).toBe('applied')
    // Without ids an edit that keeps size and time is not seen between two directories.
    if (digest === 'blake3') expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    const back = await inverse(items)
    expect(back[0]).toMatchObject({ header: { data: true, dataBefore: true } })
    expect((await applyItems(back, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
    expect(body(await inverse(back))).toEqual(body(items))
  })
})

describe('any other changeset', () => {
  it('is inverted without contents', async () => {
    const dir = tempDir()
    makeChangedTrees(dir, 510, 40, 20)
    const back = await inverse(await changeset(`${dir}/before`, `${dir}/after`))
    expect(back[0]).toMatchObject({ header: { data: false, dataBefore: false } })
    expect(back.filter(({ kind }) => kind === 'content' || kind === 'recipe')).toEqual([])
  })
})
