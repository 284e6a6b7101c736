/**
 * A changeset that tells files by their times (spec §7.8), cut short at any call: the target is old, or new, or can be made either,
 * times to the nanosecond. Every kind of row is tried by fault.test.ts, a switch of
 * the whole tree by atomic-fault.test.ts.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApplyReport } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { resume } from '../../../src/flow/apply/resume.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyItems, applyOptions, replayItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import {
  atEveryCall,
  callsOf,
  endFaulted,
  endKilled,
  endStage,
  faulted,
  isDecided,
  kill,
  stagesOf,
  withEveryError,
  withoutRootTime,
} from '../../support/every-call.ts'
import { type Fault, withFault } from '../../support/fault-calls.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'
import { makeTouchFaultTrees, makeTouchTarget } from '../../support/touch-fault-tree.ts'

let dir = ''
let target = ''
let items: Item[] = []
let calls: string[] = []

beforeAll(async () => {
  dir = makeQuickDir()
  target = `${dir}/target`
  items = await makeTouchFaultTrees(dir)
})
afterAll(() => removeTree(dir))

const differencesTo = (side: 'before' | 'after') => withoutRootTime(compareTrees(`${dir}/${side}`, target))

function renewTarget(): void {
  removeTree(target)
  makeTouchTarget(target)
}

/** The calls of an apply that succeeds; the target is old then. */
async function countCalls(run: () => Promise<ApplyReport>): Promise<void> {
  makeTouchTarget(target)
  calls = await callsOf(run)
  expect(differencesTo('after')).toEqual([])
  renewTarget()
}

describe('an apply', () => {
  const run = () => applyItems(items, target, { durable: true })

  beforeAll(() => countCalls(run))
  afterAll(() => removeTree(target))

  it('in which a call fails leaves the target old or new', { timeout: 1_000_000 }, () =>
    withEveryError(calls, false, checkFault, { size: 5, from: 1 }),
  )

  async function checkFault(n: number, fault: Fault, what: string): Promise<void> {
    const { isApplied, failure } = await faulted(n, fault, what, run)
    endFaulted(target, what, isApplied)
    expect(differencesTo(isApplied ? 'after' : 'before'), `${what}: ${failure}`).toEqual([])
    if (isApplied) renewTarget()
  }

  it.each([
    ['roll-back', 0],
    ['resume', 1],
  ] as const)('that dies leaves what can be brought to either end: %s', { timeout: 1_000_000 }, (direction, from) =>
    atEveryCall(calls, (n) => checkKilled(n, direction), { size: 2, from }),
  )

  async function checkKilled(n: number, direction: 'resume' | 'roll-back'): Promise<void> {
    const what = `kill at ${n}, ${calls[n - 1]}`
    await withFault(n, kill, run)
    const isOld = endKilled(target, what, direction, differencesTo)
    expect(differencesTo(isOld ? 'before' : 'after'), what).toEqual([])
    if (!isOld) renewTarget()
  }

  it('that died is not completed over what was written since, and the way back leaves it', {
    timeout: 1_000_000,
  }, async () => {
    const refused: number[] = []
    await atEveryCall(calls, async (n) => ((await checkWritten(n)) ? refused.push(n) : null), { size: 5, from: 0 })
    expect(refused.length).toBeGreaterThan(0)
  })

  /** A file is written to between the crash and its end. True where this was in the way. */
  async function checkWritten(n: number): Promise<boolean> {
    const what = `kill at ${n}, ${calls[n - 1]}`
    await withFault(n, kill, run)
    if (!isDecided(target)) {
      renewTarget()
      return false
    }
    writeFileSync(`${target}/a/one`, 'ONE')
    const { mtimeNs } = statSync(`${target}/a/one`, { bigint: true })
    const end = (direction: 'resume' | 'roll-back') =>
      resume({ target: Buffer.from(target), direction, durable: false })
    const refusal = refusalOf(() => end('resume'))
    if (refusal !== null) {
      expect(refusal, what).toBe('drifted')
      end('roll-back')
    }
    expect(stagesOf(target), what).toEqual([])
    expect(readFileSync(`${target}/a/one`, 'utf8'), what).toBe('ONE')
    expect(statSync(`${target}/a/one`, { bigint: true }).mtimeNs, what).toBe(mtimeNs)
    const others = differencesTo(refusal === null ? 'after' : 'before').filter((line) => !line.startsWith('a/one: '))
    expect(others, what).toEqual([])
    renewTarget()
    return refusal !== null
  }

  function refusalOf(work: () => unknown): string | null {
    try {
      work()
      return null
    } catch (error) {
      return (error as { code: string }).code
    }
  }
})

describe('an apply in place', () => {
  const run = () => applyDirect(() => replayItems(items), applyOptions(target))

  beforeAll(() => countCalls(run))
  afterAll(() => removeTree(target))

  it('that dies is completed by the same stream', { timeout: 1_000_000 }, () =>
    atEveryCall(calls, checkKilled, { size: 13, from: 0 }),
  )

  async function checkKilled(n: number): Promise<void> {
    const what = `kill at ${n}, ${calls[n - 1]}`
    await withFault(n, kill, run)
    if (stagesOf(target).length > 0) endStage(target, n % 2 === 1 ? 'resume' : 'roll-back')
    expect((await run()).outcome, what).toMatch(/^(applied|unchanged)$/)
    expect(stagesOf(target), what).toEqual([])
    expect(differencesTo('after'), what).toEqual([])
    renewTarget()
  }
})
