/** A plan made with rules shows what an apply with them does, and an apply of the plan does it without them. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Rules } from '../../../src/flow/plan/judge.ts'
import { parseModeRules } from '../../../src/flow/plan/mode-rules.ts'
import { createPlanReport, type PlanOptions, type PlanReport, plan } from '../../../src/flow/plan/plan.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { stateWords } from '../../../src/model/words.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import {
  applyItems,
  changeset,
  collect,
  noRules,
  planOptions,
  replayItems,
  withData,
} from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { isRoot } from '../../support/every-kind.ts'
import { makeQuickDir, useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs(makeQuickDir)

/** The plan as a file has it, and what it comes to. */
async function planned(items: Item[], target: string, changed: Partial<PlanOptions>): Promise<[Item[], PlanReport]> {
  const report = createPlanReport()
  const list = await collect(readItems(encodeItems(plan(replayItems(items), planOptions(target, changed), report))))
  return [list, report]
}

function makeTrees(): string {
  const dir = tempDir()
  mkdirSync(`${dir}/before/docs/old/deep`, { recursive: true })
  for (const name of ['a', 'b', 'docs/x', 'docs/old/y', 'docs/old/deep/z']) writeFileSync(`${dir}/before/${name}`, name)
  copyTree(`${dir}/before`, `${dir}/after`)
  rmSync(`${dir}/after/docs/old`, { recursive: true })
  for (const name of ['b', 'docs/x', 'docs/new']) writeFileSync(`${dir}/after/${name}`, `${name}, new`)
  chmodSync(`${dir}/after/a`, 0o666)
  return dir
}

const rules: readonly [what: string, rules: Partial<Rules>][] = [
  ['nothing', {}],
  ['only a file', { only: ['/docs/old/deep/z'] }],
  ['only what is in a directory', { only: ['/docs/old/'] }],
  ['only a name', { only: ['b'] }],
  ['no deletes', { neverDelete: true }],
  ['modes', { chmod: parseModeRules('D700,Fgo-w,F+x') }],
  ['owners', isRoot ? { owners: [{ kind: 'user', from: null, to: 1234 }] } : {}],
  ['a part, with other modes, and no deletes', { only: ['/docs/'], chmod: parseModeRules('go='), neverDelete: true }],
]

describe('applied, a plan leads where an apply with its rules leads', () => {
  async function check(dir: string, changed: Partial<Rules>): Promise<void> {
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    const { chmod } = { ...noRules, ...changed }
    // A target that was made with the same modes and owners.
    for (const name of ['direct', 'by-plan']) copyTree(`${dir}/before`, `${dir}/${name}`)
    for (const name of chmod.length + (changed.owners ?? []).length > 0 ? ['direct', 'by-plan'] : []) {
      rmSync(`${dir}/${name}`, { recursive: true })
      const whole = await changeset(`${dir}/empty`, `${dir}/before`)
      await applyItems(whole, `${dir}/${name}`, { rules: { ...noRules, ...changed, only: [] } })
    }
    const withRules = await applyItems(items, `${dir}/direct`, { rules: { ...noRules, ...changed } })
    const [list, report] = await planned(items, `${dir}/by-plan`, { rules: { ...noRules, ...changed } })
    const { outcome, counts } = await applyItems(list, `${dir}/by-plan`)
    expect([outcome, counts]).toEqual([withRules.outcome, withRules.counts])
    expect(report.counts).toEqual(counts)
    expect(compareTrees(`${dir}/direct`, `${dir}/by-plan`)).toEqual([])
  }

  it.each(rules)('%s', async (_, changed) => {
    const dir = makeTrees()
    mkdirSync(`${dir}/empty`)
    await check(dir, changed)
  })

  it.each([1, 2, 3])('deletes left out, random trees, seed %i', async (seed) => {
    const dir = tempDir()
    makeChangedTrees(dir, seed + 40, 60, 25)
    await check(dir, { neverDelete: true })
  })
})

describe('a plan with rules', () => {
  it('shows what is left out, and counts the directories that stay for it', async () => {
    const dir = makeTrees()
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    const [list, report] = await planned(items, `${dir}/before`, { rules: { ...noRules, only: ['old', 'y', 'b'] } })
    const batches = list.flatMap((item) => (item.kind === 'rows' ? [item.batch] : []))
    const states = batches.flatMap((batch) =>
      rowsOf(batch).map(({ path }, i) => `${stateWords[batch.state![i]!]} ${pathKey(path)}`),
    )
    expect(states).toContain('skipped a')
    expect(states).toContain('do docs/old/y')
    // All of docs/old is selected, for rows below what matches are.
    expect(states).toContain('do docs/old/deep/z')
    expect(report.takenAlongCount).toBe(0)
    const [, other] = await planned(items, `${dir}/before`, { rules: { ...noRules, only: ['[od]*', 'y'] } })
    expect(other.takenAlongCount).toBe(0)
  })

  it('refuses what an apply refuses: too many deletes, and what only a trusted stream may bring', async () => {
    const dir = makeTrees()
    chmodSync(`${dir}/after/a`, 0o4755)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    const refused = async (changed: Partial<PlanOptions>) => {
      const [list, report] = await planned(items, `${dir}/before`, changed)
      expect(report.findings.blockingCount).toBe(1)
      return list.flatMap((item) => (item.kind === 'problem' ? [item.problem.detail] : []))
    }
    expect(await refused({ maxDelete: { count: 2 } })).toEqual(['4 entries would be deleted, 2 may be'])
    expect(await refused({ maxDelete: { percent: 10 } })).toHaveLength(1)
    expect(await refused({ rules: { ...noRules, untrusted: true } })).toEqual(['setuid or setgid'])
    const [, allowed] = await planned(items, `${dir}/before`, { maxDelete: { count: 4 } })
    expect(allowed.findings.blockingCount).toBe(0)
  })

  it('needs no content for what is left out', async () => {
    const dir = makeTrees()
    const items = (await changeset(`${dir}/before`, `${dir}/after`)).filter((item) => item.kind !== 'content')
    const [list] = await planned(items, `${dir}/before`, { rules: { ...noRules, only: ['b'] } })
    const packed = await collect(withData(replayItems(list), `${dir}/after`))
    expect(packed.filter((item) => item.kind === 'content')).toHaveLength(1)
  })
})
