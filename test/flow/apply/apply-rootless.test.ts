/** Rows without the rows above them, and roots that are no directory: a plan, a dry run and each way of applying judge them alike. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Kind, State } from '../../../src/base/constants.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { createPlanReport, plan } from '../../../src/flow/plan/plan.ts'
import type { Item } from '../../../src/model/item.ts'
import type { Row } from '../../../src/model/row.ts'
import { applyItems, applyOptions, collect, itemsOf, planOptions, replayItems } from '../../support/apply-tree.ts'
import { entry } from '../../support/row-table.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const uid = process.geteuid!()
const gid = process.getegid!()
const adds = (path: string, kind: number): Row => {
  const after = entry({ kind, size: 0, mode: 0o755, uid, gid })
  return { path: Buffer.from(path), before: null, after }
}
const directory = (path: string): Row => adds(path, Kind.directory)
const file = (path: string): Row => adds(path, Kind.file)

const ways = {
  'a plan': async (items: Item[], target: string) => {
    const report = createPlanReport()
    await collect(plan(replayItems(items), planOptions(target), report))
    return report.findings
  },
  'a dry run': async (items: Item[], target: string) => (await applyItems(items, target, { dryRun: true })).findings,
  'an apply': async (items: Item[], target: string) => (await applyItems(items, target)).findings,
  'a switch': async (items: Item[], target: string) =>
    (await applyItems(items, target, { atomic: { oldTree: null } })).findings,
  'an apply in place': async (items: Item[], target: string) =>
    (await applyDirect(() => replayItems(items), applyOptions(target))).findings,
}

describe.each(['changeset', 'snapshot'] as const)('a %s', (kind) => {
  it.each([
    ['a file in a directory that has no row', [file('x/y')], State.parent],
    ['the same with the root', [directory(''), file('x/y')], State.parent],
    ['the same, deeper', [directory(''), directory('x'), file('x/y/z')], State.parent],
    ['a root that is a file', [file('')], State.type],
    ['a root that is a file and has entries', [file(''), file('x')], State.type],
  ] as const)('%s', async (_what, rows, state) => {
    const items = await collect(itemsOf([...rows], { kind }))
    for (const [way, judge] of Object.entries(ways)) {
      for (const isThere of [false, true]) {
        const target = `${tempDir()}/target`
        if (isThere) mkdirSync(target)
        const { conflicts } = await judge(items, target)
        expect(
          conflicts.map((conflict) => conflict.state),
          `${way}, ${isThere}`,
        ).toEqual([state])
        expect(existsSync(target)).toBe(isThere)
      }
    }
  })

  it.each(['skip', 'overwrite', 'keep-both'] as const)('%s leaves such rows out', async (onConflict) => {
    const items = await collect(itemsOf([file(''), file('x'), file('y/z')], { kind }))
    for (const isThere of [false, true]) {
      const target = `${tempDir()}/target`
      if (isThere) mkdirSync(target)
      const { outcome, findings } = await applyItems(items, target, { onConflict })
      expect([outcome, findings.conflictCount]).toEqual(['applied', 2])
      expect(readdirSync(target)).toEqual(['x'])
    }
  })
})
