/** A whole-tree switch that is cut short at any call: the old tree or the new one is in its place, and the way to either is open. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resume } from '../../../src/flow/apply/resume.ts'
import { createPlanReport, plan } from '../../../src/flow/plan/plan.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyItems, collect, planOptions, replayItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import {
  atEveryCall,
  callsOf,
  faulted,
  kill,
  stagesOf,
  withEveryError,
  withoutRootTime,
} from '../../support/every-call.ts'
import { type Fault, withFault } from '../../support/fault-calls.ts'
import { makeFaultTarget, makeFaultTrees } from '../../support/fault-tree.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'
import { makeTouchFaultTrees, makeTouchTarget } from '../../support/touch-fault-tree.ts'

let dir = ''
/** The target is in a folder of its own: what is beside it counts. */
let folder = ''
let target = ''
let items: Item[] = []
let calls: string[] = []
let makeTarget: (tree: string) => void

const run = () => applyItems(items, target, { atomic: { oldTree: null } })

const planned = () => collect(plan(replayItems(items), planOptions(target), createPlanReport()))

/** Files may have names in other trees: their modes must stay. */
function renewTarget(): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  makeTarget(target)
}

const besides = (): string[] => readdirSync(folder).filter((entry) => entry !== 'target')

/** What did not change has a second name in the other tree while both are there, and one of them may hold the stage. */
function differences(side: 'before' | 'after'): string[] {
  return withoutRootTime(compareTrees(`${dir}/${side}`, target)).filter((line) => !/nlink|\.fsapply-/.test(line))
}

const trees = [
  ['every kind of row', makeFaultTrees, makeFaultTarget, 1],
  ['files told by their times', makeTouchFaultTrees, makeTouchTarget, 8],
] as const

describe.each(trees)('%s', (_what, makeTrees, make, size) => {
  beforeAll(async () => {
    dir = makeQuickDir()
    folder = `${dir}/folder`
    target = `${folder}/target`
    makeTarget = make
    items = await makeTrees(dir)
    renewTarget()
    calls = await callsOf(run)
    renewTarget()
  })
  afterAll(() => removeTree(dir))

  it.each([
    ['resume', 0],
    ['roll-back', size >> 1],
  ] as const)('a process that dies: %s', { timeout: 1_000_000 }, (direction, from) =>
    atEveryCall(calls, (n) => checkKilled(n, direction), { size, from }),
  )

  it('a call that fails', { timeout: 1_000_000 }, () => withEveryError(calls, false, checkFault, { size, from: 0 }))
})

async function checkKilled(n: number, direction: 'resume' | 'roll-back'): Promise<void> {
  const what = `kill at ${n}, ${calls[n - 1]}`
  await withFault(n, kill, run)
  const wasSwitched = differences('after').length === 0
  const isLeft = [target, ...besides().map((name) => `${folder}/${name}`)].some((tree) => stagesOf(tree).length > 0)
  if (isLeft) {
    const code = wasSwitched ? 'leftover-copy' : 'undecided-stage'
    await expect(run(), what).rejects.toMatchObject({ code })
    await expect(applyItems(items, target), what).rejects.toMatchObject({ code })
    if (wasSwitched) await expect(planned(), what).rejects.toMatchObject({ code })
    const way = wasSwitched ? direction : 'roll-back'
    const { otherTree } = resume({ target: Buffer.from(target), direction: way, durable: false })
    expect(otherTree === null, what).toBe(!wasSwitched)
  }
  const isNew = wasSwitched && !(isLeft && direction === 'roll-back')
  if (!isNew) expect(wasSwitched ? [] : besides(), what).toEqual([])
  for (const other of besides()) rmSync(`${folder}/${other}`, { recursive: true })
  expect(differences(isNew ? 'after' : 'before'), what).toEqual([])
  if (wasSwitched) renewTarget()
}

async function checkFault(n: number, fault: Fault, what: string): Promise<void> {
  const { isApplied, failure } = await faulted(n, fault, what, run)
  expect(differences(isApplied ? 'after' : 'before'), `${what}: ${failure}`).toEqual([])
  if (!isApplied) expect([stagesOf(target), besides()], what).toEqual([[], []])
  if (isApplied) renewTarget()
}
