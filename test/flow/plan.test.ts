/** A plan: the same stream with what was found at one target, which then holds apply to it. */
import { appendFileSync, chmodSync, lstatSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMonitor } from '../../src/base/monitor.ts'
import { createPlanReport, plan } from '../../src/flow/plan.ts'
import { readItems } from '../../src/flow/reader.ts'
import { encodeItems } from '../../src/flow/writer.ts'
import type { Item } from '../../src/model/item.ts'
import { pathKey } from '../../src/model/path.ts'
import { rowsOf } from '../../src/model/row.ts'
import { stateWords } from '../../src/model/words.ts'
import { copyTree, makeChangedTrees } from '../support/apply-random.ts'
import { applyItems, changeset, collect, record, replayItems } from '../support/apply-tree.ts'
import { compareTrees } from '../support/compare-trees.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const tempDir = useTempDirs()

async function planned(items: Item[], target: string) {
  const report = createPlanReport()
  const options = { target: Buffer.from(target), quick: false, numericIds: true, monitor: createMonitor('plan') }
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
