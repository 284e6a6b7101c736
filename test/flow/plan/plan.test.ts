/** A plan: the same stream with what was found at one target, which then holds apply to it. */
import { appendFileSync, chmodSync, chownSync, lstatSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { createPlanReport, type PlanOptions, plan } from '../../../src/flow/plan/plan.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import type { Item } from '../../../src/model/item.ts'
import { compareRowPaths, pathKey } from '../../../src/model/path.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { stateWords } from '../../../src/model/words.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import {
  applyItems,
  changeset,
  collect,
  itemsOf,
  planOptions,
  record,
  replayItems,
  rowsOfTree,
} from '../../support/apply-tree.ts'
import { fingerprint } from '../../support/attack.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { isRoot } from '../../support/every-kind.ts'
import { mutateTree } from '../../support/mutate-tree.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

async function planned(items: Item[], target: string, changed: Partial<PlanOptions> = {}) {
  const report = createPlanReport()
  const options = planOptions(target, changed)
  // Through the format, as a file would be.
  const list = await collect(readItems(encodeItems(plan(replayItems(items), options, report))))
  return { report, list }
}

function statesOf(list: Item[]): string[] {
  const lines: string[] = []
  for (const item of list) {
    if (item.kind === 'rows') {
      const { state } = item.batch
      for (const [i, { path }] of rowsOf(item.batch).entries()) lines.push(`${stateWords[state![i]!]} ${pathKey(path)}`)
    } else if (item.kind === 'problem') {
      lines.push(`${item.problem.code} ${item.problem.detail} ${pathKey(item.problem.path)}`)
    }
  }
  return lines
}

function makeTrees(): string {
  const dir = tempDir()
  for (const name of ['before', 'after']) {
    mkdirSync(`${dir}/${name}/gone`, { recursive: true })
    for (const file of ['a', 'b', 'c', 'gone/x']) writeFileSync(`${dir}/${name}/${file}`, 'before')
    for (const path of ['gone', '.']) utimesSync(`${dir}/${name}/${path}`, 1e9, 1e9)
  }
  for (const name of ['before', 'after'])
    for (const file of ['a', 'b', 'c', 'gone/x']) utimesSync(`${dir}/${name}/${file}`, 1e9, 1e9)
  for (const name of ['a', 'b', 'new']) writeFileSync(`${dir}/after/${name}`, 'after')
  rmSync(`${dir}/after/gone`, { recursive: true })
  copyTree(`${dir}/before`, `${dir}/target`)
  return dir
}

describe('plan', () => {
  it('tells the state of each row, and what no row speaks of', async () => {
    const dir = makeTrees()
    appendFileSync(`${dir}/target/b`, 'local')
    writeFileSync(`${dir}/target/gone/local`, 'local')
    const { list, report } = await planned(await changeset(`${dir}/before`, `${dir}/after`), `${dir}/target`)
    expect(list[0]).toMatchObject({ kind: 'header', header: { kind: 'plan' } })
    const expected = ['do ', 'do a', 'changed b', 'do gone', 'do new', 'do gone/x', 'conflict exists gone/local']
    expect(statesOf(list)).toEqual(expected)
    expect(report.counts).toMatchObject({ rows: 6, conflicts: 1, added: 1, deleted: 2, replaced: 1 })
    expect(report.findings.conflictCount).toBe(2)
  })

  it('of a target that does not exist, or has all already', async () => {
    const dir = makeTrees()
    const snapshot = await collect(record(`${dir}/after`, 'blake3'))
    const missing = await planned(snapshot, `${dir}/missing`)
    expect(new Set(statesOf(missing.list).map((line) => line.split(' ')[0]))).toEqual(new Set(['do']))
    const there = await planned(snapshot, `${dir}/after`)
    expect(new Set(statesOf(there.list).map((line) => line.split(' ')[0]))).toEqual(new Set(['done']))
  })

  it('is applied where nothing has drifted', async () => {
    const dir = tempDir()
    makeChangedTrees(dir, 7, 60, 25)
    const { list } = await planned(await changeset(`${dir}/before`, `${dir}/after`), `${dir}/target`)
    expect((await applyItems(list, `${dir}/target`)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
  })

  const drifts: readonly [what: string, drift: (target: string) => void][] = [
    ['a mode that was changed and put back', (t) => [chmodSync(`${t}/a`, 0o600), chmodSync(`${t}/a`, 0o644)]],
    ['bytes under the old size and time', (t) => [writeFileSync(`${t}/a`, 'BEFORE'), utimesSync(`${t}/a`, 1e9, 1e9)]],
    [
      'another file of the same look',
      (t) => [copyTree(`${t}/a`, `${t}/a2`), rmSync(`${t}/a`), copyTree(`${t}/a2`, `${t}/a`)],
    ],
    ['a name that was free', (t) => writeFileSync(`${t}/new`, 'local')],
  ]
  it.each(drifts)('is refused after %s', async (_what, drift) => {
    const dir = makeTrees()
    const { list } = await planned(await changeset(`${dir}/before`, `${dir}/after`), `${dir}/target`)
    drift(`${dir}/target`)
    const ino = lstatSync(`${dir}/target/b`).ino
    const { outcome } = await applyItems(list, `${dir}/target`, { quick: true })
    expect(outcome).toBe('conflicts')
    expect(lstatSync(`${dir}/target/b`).ino).toBe(ino)
  })
})

it('is the same whatever the number of threads that look at the target', async () => {
  const dir = tempDir()
  for (const name of ['before', 'target']) mkdirSync(`${dir}/${name}/aa`, { recursive: true })
  mkdirSync(`${dir}/before/zz`)
  makeRandomTree(`${dir}/before/zz`, { seed: 5, entryCount: 400, odd: true })
  copyTree(`${dir}/before/zz`, `${dir}/target/zz`)
  mutateTree(`${dir}/target/zz`, { seed: 6, changeCount: 60, odd: true })
  const rows = await rowsOfTree(`${dir}/before`)
  const file = {
    ...rows.find(({ after }) => after!.kind === Kind.file)!.after!,
    size: 0,
    content: EMPTY,
    xattrs: EMPTY,
  }
  // Enough of them for threads to be at work by the time that the tree is come to.
  for (let i = 0; i < 40_000; i++) {
    rows.push({ path: Buffer.from(`aa/${i}`), before: null, after: { ...file, link: EMPTY, hint: null } })
  }
  rows.sort((a, b) => compareRowPaths(a.path, b.path))
  const plans = [1, 3].map(async (threadCount) => {
    const report = createPlanReport()
    const options = planOptions(`${dir}/target`, { threadCount })
    const pieces = await collectBytes(encodeItems(plan(itemsOf(rows), options, report)))
    return { bytes: Buffer.concat(pieces).toString('hex'), conflicts: report.findings.conflictCount }
  })
  const [one, three] = await Promise.all(plans)
  expect(one!.conflicts).toBeGreaterThan(20)
  expect(three).toEqual(one)
})

async function collectBytes(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return pieces
}

describe('a plan of what has drifted', () => {
  type Drift = readonly [what: string, path: string, drift: (target: string) => void]
  const ofRoot: Drift[] = [['an owner', 'a', (t) => chownSync(`${t}/a`, 1, 1)]]
  const more: readonly Drift[] = [
    ...(isRoot ? ofRoot : []),
    ['a time', 'a', (t) => utimesSync(`${t}/a`, 2e9, 2e9)],
    ['a mode of a directory', 'gone', (t) => chmodSync(`${t}/gone`, 0o700)],
    ['a file that went', 'a', (t) => rmSync(`${t}/a`)],
    ['an entry of another kind', 'a', (t) => [rmSync(`${t}/a`), mkdirSync(`${t}/a`)]],
    ['a new entry in a directory that goes', 'gone/late', (t) => writeFileSync(`${t}/gone/late`, 'late')],
    ['a row that held and was changed', 'held', (t) => writeFileSync(`${t}/held`, 'HELD')],
    ['a row that held and went', 'held', (t) => rmSync(`${t}/held`)],
    ['an entry that was gone already and came back', 'over', (t) => writeFileSync(`${t}/over`, 'over')],
    ['an entry where one is added', 'new', (t) => mkdirSync(`${t}/new`)],
  ]
  it.each(more)('is refused, and names the row: %s', async (_what, path, drift) => {
    const dir = makeTrees()
    // A row that holds already, and a deletion that was made already.
    writeFileSync(`${dir}/after/held`, 'held')
    utimesSync(`${dir}/after/held`, 1e9, 1e9)
    copyTree(`${dir}/after/held`, `${dir}/target/held`)
    writeFileSync(`${dir}/before/over`, 'over')
    const { list } = await planned(await changeset(`${dir}/before`, `${dir}/after`), `${dir}/target`)
    expect(statesOf(list)).toEqual(expect.arrayContaining(['done held', 'done over', 'do a']))
    drift(`${dir}/target`)
    const before = fingerprint(`${dir}/target`, { changeTimes: true })
    const { outcome, findings } = await applyItems(list, `${dir}/target`, { quick: true })
    expect(outcome).toBe('conflicts')
    expect(findings.conflicts.map((conflict) => pathKey(conflict.path))).toContain(path)
    expect(fingerprint(`${dir}/target`, { changeTimes: true })).toEqual(before)
  })
})
