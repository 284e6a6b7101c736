/** The Nth call fails, or the process dies there, while a tree is made from a basis: the basis stays as it is, and the target is whole or not there. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyOnBasis } from '../../../src/flow/apply/apply-on-basis.ts'
import type { ApplyReport } from '../../../src/flow/apply/apply-options.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyItems, applyOptions, collect, record, replayItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import {
  atEveryCall,
  callsOf,
  endStage,
  faulted,
  isDecided,
  kill,
  stagesOf,
  withEveryError,
  withoutRootTime,
} from '../../support/every-call.ts'
import { type Fault, withFault } from '../../support/fault-calls.ts'
import { makeFaultTarget, makeFaultTrees } from '../../support/fault-tree.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'

let dir = ''
let target = ''
let change: Item[] = []
let snapshot: Item[] = []

beforeAll(async () => {
  dir = makeQuickDir()
  target = `${dir}/made`
  change = await makeFaultTrees(dir)
  makeFaultTarget(`${dir}/reference`)
  snapshot = await collect(record(`${dir}/before`, 'blake3'))
})
afterAll(() => removeTree(dir))

const options = () => applyOptions(target, { basis: [Buffer.from(`${dir}/before`)], link: true, durable: true })

const ways: readonly [what: string, end: 'before' | 'after', run: () => Promise<ApplyReport>][] = [
  ['a changeset', 'after', () => applyOnBasis(replayItems(change), options())],
  ['a snapshot', 'before', () => applyItems(snapshot, target, options())],
]

describe.each(ways)('%s', (_what, end, run) => {
  let calls: string[] = []
  beforeAll(async () => {
    calls = await callsOf(run)
    expect(compareTrees(`${dir}/${end}`, target)).toEqual([])
    clear()
  })

  it('and a call that fails', { timeout: 1_000_000 }, () =>
    withEveryError(calls, false, async (n, fault, what) => {
      const { isApplied, isTold } = await faulted(n, fault, what, run)
      if (!isTold) expect(besides(), what).toEqual([])
      checkMade(what, end, isApplied, fault)
    }),
  )

  it('and a process that dies', { timeout: 1_000_000 }, () =>
    atEveryCall(calls, async (n) => {
      await withFault(n, kill, run)
      checkMade(`kill at ${n}, ${calls[n - 1]}`, end, false, kill)
    }),
  )
})

/** A target that is there is the tree, or its stage brings it to either end. */
function checkMade(what: string, end: 'before' | 'after', isApplied: boolean, fault: Fault): void {
  const hasStage = stagesOf(target).length > 0
  if (hasStage || isLeftEmpty()) endStage(target, isDecided(target) ? 'resume' : 'roll-back')
  if (besides().length > 0) endStage(target, 'roll-back')
  expect(besides(), what).toEqual([])
  if (isApplied || fault.kind === 'kill') {
    const isThere = existsSync(target)
    expect(isThere ? withoutRootTime(compareTrees(`${dir}/${end}`, target)) : [], what).toEqual([])
  } else {
    expect(existsSync(target) && !hasStage ? readdirSync(target) : [], what).toEqual([])
  }
  expect(compareTrees(`${dir}/reference`, `${dir}/before`), what).toEqual([])
  clear()
}

/** What is made beside the target, to get its name. */
const besides = (): string[] => readdirSync(dir).filter((name) => name.startsWith('.'))

/** A root that was made and nothing more: rolled back, it goes. */
function isLeftEmpty(): boolean {
  return existsSync(target) && (statSync(target).mode & 0o7777) === 0o1700 && readdirSync(target).length === 0
}

/** What was linked to the basis shares its modes: nothing is opened up to be removed. */
function clear(): void {
  for (const name of readdirSync(dir)) {
    if (!['before', 'after', 'reference'].includes(name)) rmSync(`${dir}/${name}`, { recursive: true })
  }
}
