/** An apply in place that is cut short at any call: each file is old or new then, and the same stream completes the tree. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { PartlyError } from '../../../src/flow/apply/partly-error.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyOptions, replayItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import {
  atEveryCall,
  callsOf,
  endStage,
  isHarmless,
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

const run = () => applyDirect(() => replayItems(items), applyOptions(target))

function renewTarget(): void {
  removeTree(target)
  makeFaultTarget(target)
}

/** Also of a target that still is what it was, and takes nothing from the next call. */
const isOld = (): boolean => compareTrees(`${dir}/before`, target).length === 0

it('a call that fails', { timeout: 1_000_000 }, () => withEveryError(calls, false, check))

it('a process that dies', { timeout: 1_000_000 }, () =>
  atEveryCall(calls, (n) => check(n, kill, `kill at ${n}, ${calls[n - 1]}`)),
)

async function check(n: number, fault: Fault, what: string): Promise<void> {
  let failure: unknown = null
  await withFault(n, fault, run).catch((error) => {
    failure = error
  })
  if (isHarmless(fault)) expect(failure, what).toBeNull()
  checkFiles(what)
  if (stagesOf(target).length > 0) {
    endStage(target, 'resume')
    checkFiles(what)
  }
  expect(stagesOf(target), what).toEqual([])
  if (isOld()) return
  // Whoever has not died says that the target is no longer what it was, or that all is done but a last step.
  if (fault.kind === 'error' && failure !== null) {
    expect(failure instanceof PartlyError || onlyRootTimeMoved(), `${what}: ${failure}`).toBe(true)
  }
  expect((await run()).outcome, what).toMatch(/^(applied|unchanged)$/)
  expect(compareTrees(`${dir}/after`, target), what).toEqual([])
  renewTarget()
}

const onlyRootTimeMoved = (): boolean => withoutRootTime(compareTrees(`${dir}/before`, target)).length === 0

/** Each file is old or new. */
function checkFiles(what: string): void {
  for (const path of ['a/changed', 'untouched/replaced', 'swap-1', 'swap-2', 'leaves-2']) {
    const read = (tree: string): string | null => {
      try {
        return readFileSync(`${tree}/${path}`, 'utf8')
      } catch {
        return null
      }
    }
    // Within the commit of a portion a file that moves is in the stage.
    const either = [read(`${dir}/before`), read(`${dir}/after`), ...(path.startsWith('swap') ? [null] : [])]
    expect(either, `${what}: ${path}`).toContain(read(target))
  }
}
