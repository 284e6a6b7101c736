/** An apply that keeps its stage and dies at any call: the same stream completes the tree, also after it died a second time. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resume } from '../../../src/flow/apply/resume.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import {
  atEveryCall,
  callsOf,
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
let items: Item[] = []
let calls: string[] = []

beforeAll(async () => {
  dir = makeQuickDir()
  target = `${dir}/target`
  items = await makeFaultTrees(dir)
  makeFaultTarget(target)
  calls = await callsOf(run)
  renewTarget()
})
afterAll(() => removeTree(dir))

const run = () => applyItems(items, target, { keepStage: true })

function renewTarget(): void {
  removeTree(target)
  makeFaultTarget(target)
}

/** Goes on with what was left: an apply that had come to its decision is resumed, any other is begun again. */
async function goOn(): Promise<void> {
  if (isDecided(target)) resume({ target: Buffer.from(target), direction: 'resume', durable: false })
  else await run()
}

it('a process that dies, and dies again', { timeout: 1_000_000 }, () =>
  atEveryCall(calls, async (n) => {
    await withFault(n, kill, run)
    await withFault(Math.ceil(n * 1.1), kill, goOn)
    await goOn()
    const what = `kill at ${n}, ${calls[n - 1]}`
    expect(withoutRootTime(compareTrees(`${dir}/after`, target)), what).toEqual([])
    expect(stagesOf(target), what).toEqual([])
    renewTarget()
  }),
)

it('a call that fails', { timeout: 1_000_000 }, () => withEveryError(calls, false, checkFault))

async function checkFault(n: number, fault: Fault, what: string): Promise<void> {
  await faulted(n, fault, what, run)
  await goOn()
  expect(withoutRootTime(compareTrees(`${dir}/after`, target)), what).toEqual([])
  expect(stagesOf(target), what).toEqual([])
  renewTarget()
}
