/** The Nth call fails, or the process dies there, for every N: the target is old, or new, or can be made either. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resume } from '../../../src/flow/apply/resume.ts'
import { CommitError } from '../../../src/host/commit/commit-error.ts'
import type { Item } from '../../../src/model/item.ts'
import { diffWithMoves } from '../../support/apply-moves.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import { applyItems, collect, itemsOf, rowsOfTree, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import {
  atEveryCall,
  callsOf,
  endKilled,
  endStage,
  faulted,
  isTorture,
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

/** What is applied to a target, and how the target is made. */
type Trees = { items: Item[]; makeTarget: () => void }

const trees: (readonly [what: string, make: () => Promise<Trees>])[] = [
  ['every kind of row', async () => ({ items: await makeFaultTrees(dir), makeTarget: () => makeFaultTarget(target) })],
  ...Array.from({ length: isTorture ? 20 : 0 }, (_, k) => [`random rows, ${k}`, () => makeRandom(k)] as const),
]

async function makeRandom(seed: number): Promise<Trees> {
  makeChangedTrees(dir, seed + 900, 20, 8)
  removeTree(target)
  const rows = diffWithMoves(await rowsOfTree(`${dir}/before`), await rowsOfTree(`${dir}/after`))
  const items = await collect(withData(itemsOf(rows), `${dir}/after`))
  return { items, makeTarget: () => copyTree(`${dir}/before`, target) }
}

describe.each(trees)('%s', (_what, make) => {
  let made: Trees
  let calls: string[] = []
  const run = () => applyItems(made.items, target, { durable: true })

  beforeAll(async () => {
    dir = makeQuickDir()
    target = `${dir}/target`
    made = await make()
    made.makeTarget()
    calls = await callsOf(run)
    expect(differencesTo('after')).toEqual([])
    renewTarget()
  })
  afterAll(() => removeTree(dir))

  function renewTarget(): void {
    removeTree(target)
    made.makeTarget()
  }

  it('a call that fails leaves the target old or new', { timeout: 1_000_000 }, () =>
    withEveryError(calls, true, checkFault),
  )

  it.each(['roll-back', 'resume'] as const)(
    'a process that dies leaves what can be brought to either end: %s',
    { timeout: 1_000_000 },
    (direction) => atEveryCall(calls, (n) => checkKilled(n, direction)),
  )

  /** Where the target is old in the end, it serves the next call. */
  async function checkFault(n: number, fault: Fault, what: string): Promise<void> {
    const { isApplied, isTold, failure } = await faulted(n, fault, what, run)
    if (failure instanceof CommitError) {
      resume({ target: Buffer.from(target), direction: 'roll-back', durable: false })
    } else if (stagesOf(target).length > 0) endStage(target, isApplied ? 'resume' : 'roll-back')
    expect(stagesOf(target), what).toEqual([])
    const differences = differencesTo(isApplied ? 'after' : 'before')
    // The root's time is set last of all: where that call fails the apply is done, and says which step was refused.
    expect(isTold ? withoutRootTime(differences) : differences, `${what}: ${failure}`).toEqual([])
    if (isApplied) renewTarget()
  }

  async function checkKilled(n: number, direction: 'resume' | 'roll-back'): Promise<void> {
    const what = `kill at ${n}, ${calls[n - 1]}`
    await withFault(n, kill, run)
    const hasStage = stagesOf(target).length > 0
    if (hasStage) {
      const code = expect.stringMatching(/^(leftover|undecided)-stage$/)
      await expect(run(), what).rejects.toMatchObject({ code })
    }
    const isOld = endKilled(target, what, direction, differencesTo)
    const differences = differencesTo(isOld ? 'before' : 'after')
    expect(isOld ? differences : withoutRootTime(differences), what).toEqual([])
    if (!isOld) renewTarget()
  }
})

const differencesTo = (side: 'before' | 'after') => compareTrees(`${dir}/${side}`, target)
