/** What a plan keeps off the wire: rows that hold, contents that the target has somewhere. Asserted on the bytes that are sent. */
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import { diff } from '../../../src/flow/diff/diff.ts'
import { createPlanReport, type PlanOptions, plan } from '../../../src/flow/plan/plan.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, collect, planOptions, record, replayItems, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { mutateTree } from '../../support/mutate-tree.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

type Side = string | AsyncIterable<Item>
const sideOf = (side: Side): AsyncIterable<Item> => (typeof side === 'string' ? record(side, 'blake3') : side)

function diffTrees(before: Side, after: Side): Promise<Item[]> {
  const compare = { ignoreTimes: false, sizeOnly: false, ignored: new Set<never>() }
  const more = {
    compare,
    moves: 'likely',
    touch: false,
    tool: '',
    level: 3,
    comment: '',
    monitor: createMonitor('diff'),
  } as const
  return collect(diff({ before: sideOf(before), after: sideOf(after), ...more }))
}

function planItems(items: Iterable<Item>, target: string, changed: Partial<PlanOptions> = {}): AsyncIterable<Item> {
  return plan(replayItems(items), planOptions(target, { find: true, ...changed }), createPlanReport())
}

/** What goes over the wire: the plan, packed. */
async function shipped(
  items: Iterable<Item>,
  target: string,
  source: string,
): Promise<{ items: Item[]; bytes: number }> {
  const pieces: Uint8Array[] = []
  for await (const piece of encodeItems(withData(planItems(items, target), source))) pieces.push(piece)
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  return { items: await collect(readItems(each(pieces))), bytes }
}

async function* each(pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

const pathsOf = (items: Item[]): string[] =>
  items.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch).map(({ path }) => pathKey(path)) : []))
const kindsOf = (items: Item[]): string[] => items.map(({ kind }) => kind).filter((kind) => kind !== 'problem')

const LARGE = 300_000

/** Trees with a file of random bytes that is new after, and a target like the tree before. */
function makeTrees(): { dir: string; bytes: Buffer } {
  const dir = tempDir()
  const bytes = randomBytes(LARGE)
  mkdirSync(`${dir}/before/sub`, { recursive: true })
  writeFileSync(`${dir}/before/kept`, 'kept')
  writeFileSync(`${dir}/before/sub/old`, 'old')
  copyTree(`${dir}/before`, `${dir}/after`)
  copyTree(`${dir}/before`, `${dir}/target`)
  writeFileSync(`${dir}/after/sub/new`, bytes)
  return { dir, bytes }
}

describe('contents that the target has', () => {
  it('are not sent, whatever the file is called there', async () => {
    const { dir, bytes } = makeTrees()
    writeFileSync(`${dir}/target/mine`, bytes)
    const changes = await diffTrees(`${dir}/before`, `${dir}/after`)
    const sent = await shipped(changes, `${dir}/target`, `${dir}/after`)
    expect(sent.bytes).toBeLessThan(2500)
    expect(kindsOf(sent.items)).toEqual(['header', 'rows', 'recipe', 'end'])
    expect((await applyItems(sent.items, `${dir}/target`)).outcome).toBe('applied')
    expect(readFileSync(`${dir}/target/sub/new`).equals(bytes)).toBe(true)
    expect(readFileSync(`${dir}/target/mine`).equals(bytes)).toBe(true)
  })

  it('are sent where the search is turned off, or nothing has them', async () => {
    const { dir, bytes } = makeTrees()
    const changes = await diffTrees(`${dir}/before`, `${dir}/after`)
    expect((await shipped(changes, `${dir}/target`, `${dir}/after`)).bytes).toBeGreaterThan(LARGE)
    writeFileSync(`${dir}/target/mine`, bytes)
    const unsought = await collect(planItems(changes, `${dir}/target`, { find: false }))
    expect(kindsOf(unsought)).toEqual(['header', 'rows', 'end'])
  })

  const fates: readonly [what: string, change: (after: string) => void][] = [
    ['deletes', (after) => rmSync(`${after}/donor`)],
    ['replaces', (after) => writeFileSync(`${after}/donor`, 'other')],
    ['moves', (after) => renameSync(`${after}/donor`, `${after}/moved`)],
  ]
  it.each(fates)('are found in what the same changeset %s', async (_what, change) => {
    const { dir, bytes } = makeTrees()
    // Recorded without ids, so that only the target knows what is in it.
    writeFileSync(`${dir}/before/donor`, bytes)
    const before = await collect(record(`${dir}/before`, 'none'))
    rmSync(`${dir}/target`, { recursive: true })
    copyTree(`${dir}/before`, `${dir}/target`)
    renameSync(`${dir}/after/sub/new`, `${dir}/before/sub/new`)
    change(`${dir}/before`)
    const changes = await diffTrees(replayItems(before), record(`${dir}/before`, 'blake3'))
    const sent = await shipped(changes, `${dir}/target`, `${dir}/before`)
    expect(sent.bytes).toBeLessThan(3000)
    expect((await applyItems(sent.items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
  })

  it('that changed since are a conflict, before anything is touched', async () => {
    const { dir, bytes } = makeTrees()
    writeFileSync(`${dir}/target/mine`, bytes)
    writeFileSync(`${dir}/after/kept`, 'also new')
    const changes = await diffTrees(`${dir}/before`, `${dir}/after`)
    const sent = await shipped(changes, `${dir}/target`, `${dir}/after`)
    appendFileSync(`${dir}/target/mine`, '!')
    writeFileSync(`${dir}/target/mine`, Buffer.alloc(LARGE))
    const report = await applyItems(sent.items, `${dir}/target`)
    expect(report.outcome).toBe('conflicts')
    expect(report.findings.conflicts.map(({ path }) => pathKey(path))).toEqual(['sub/new'])
    expect(existsSync(`${dir}/target/sub/new`)).toBe(false)
    expect(readFileSync(`${dir}/target/kept`, 'utf8')).toBe('kept')
  })

  it('are not looked for where the stream brings them, or where no row needs any', async () => {
    const { dir, bytes } = makeTrees()
    writeFileSync(`${dir}/target/mine`, bytes)
    const changes = await diffTrees(`${dir}/before`, `${dir}/after`)
    const packed = await collect(withData(replayItems(changes), `${dir}/after`))
    expect(kindsOf(await collect(planItems(packed, `${dir}/target`)))).toEqual(['header', 'rows', 'content', 'end'])
    renameSync(`${dir}/after/sub/new`, `${dir}/before/sub/new`)
    const deletes = await diffTrees(`${dir}/before`, `${dir}/after`)
    expect(kindsOf(await collect(planItems(deletes, `${dir}/target`)))).toEqual(['header', 'rows', 'end'])
  })
})

describe('rows that hold', () => {
  it('are kept by the plan, and neither sent nor packed', async () => {
    const { dir, bytes } = makeTrees()
    mkdirSync(`${dir}/after/whole`)
    for (let i = 0; i < 2000; i++) writeFileSync(`${dir}/after/whole/${i}`, `${i}`)
    writeFileSync(`${dir}/after/late`, 'late')
    const changes = await diffTrees(`${dir}/before`, `${dir}/after`)
    rmSync(`${dir}/target`, { recursive: true })
    copyTree(`${dir}/after`, `${dir}/target`)
    rmSync(`${dir}/target/late`)
    utimesSync(`${dir}/target`, 1e9, 1e9)
    const kept = await collect(planItems(changes, `${dir}/target`))
    expect(pathsOf(kept)).toEqual(pathsOf(changes))
    const todo = await collect(planItems(changes, `${dir}/target`, { todo: true, find: false }))
    expect(pathsOf(todo)).toEqual(['', 'late'])
    const sent = await shipped(changes, `${dir}/target`, `${dir}/after`)
    expect(pathsOf(sent.items)).toEqual(['', 'late'])
    expect(sent.items.at(-1)).toMatchObject({ end: { rowCount: 2, contentCount: 1 } })
    expect(sent.bytes).toBeLessThan(2000)
    expect((await applyItems(sent.items, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    expect(readFileSync(`${dir}/target/sub/new`).equals(bytes)).toBe(true)
  })

  const seeds = Array.from({ length: 8 }, (_, i) => i + 1)
  it.each(seeds)('can be left out: the rest leads to the same tree, seed %i', async (seed) => {
    const dir = tempDir()
    mkdirSync(`${dir}/before`)
    makeRandomTree(`${dir}/before`, { seed, entryCount: 50, odd: true })
    copyTree(`${dir}/before`, `${dir}/tree`)
    const before = await collect(record(`${dir}/tree`, 'blake3'))
    mutateTree(`${dir}/tree`, { seed: seed + 7000, changeCount: 20, odd: true })
    const changes = await diffTrees(replayItems(before), `${dir}/tree`)
    const packed = await collect(withData(replayItems(changes), `${dir}/tree`))
    // Part of it is done already, as far as that part can be done alone.
    for (const target of ['whole', 'less']) {
      copyTree(`${dir}/before`, `${dir}/${target}`)
      const rules = {
        chmod: [],
        only: ['[a-m]*', '?[a-m]*'],
        neverDelete: seed % 2 === 0,
        owners: [],
        untrusted: false,
      }
      await applyItems(packed, `${dir}/${target}`, { rules })
    }
    expect(compareTrees(`${dir}/whole`, `${dir}/less`)).toEqual([])
    const whole = await applyItems(packed, `${dir}/whole`)
    const sent = await shipped(changes, `${dir}/less`, `${dir}/tree`)
    const less = await applyItems(sent.items, `${dir}/less`)
    expect(less.outcome).toBe(whole.outcome)
    expect(compareTrees(`${dir}/whole`, `${dir}/less`)).toEqual([])
    if (whole.outcome !== 'applied') return
    expect(compareTrees(`${dir}/tree`, `${dir}/less`)).toEqual([])
    const again = await shipped(changes, `${dir}/less`, `${dir}/tree`)
    expect(again.items.filter(({ kind }) => kind === 'content')).toEqual([])
  })
})
