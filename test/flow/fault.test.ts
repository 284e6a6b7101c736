/** The Nth call fails, or the process dies there, for every N: the target is old, or new, or can be made either. */
import { existsSync, readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostError, RefusedError } from '../../src/base/errors.ts'
import { apply } from '../../src/flow/apply.ts'
import { resume } from '../../src/flow/resume.ts'
import { CommitError } from '../../src/host/commit-error.ts'
import { Errno } from '../../src/host/errno.ts'
import type { Item } from '../../src/model/item.ts'
import { copyTree } from '../support/apply-random.ts'
import { applyOptions, replayItems } from '../support/apply-tree.ts'
import { compareTrees } from '../support/compare-trees.ts'
import { type Fault, withFault } from '../support/fault-calls.ts'
import { makeFaultTrees } from '../support/fault-tree.ts'
import { makeTempDir, removeTree } from '../support/temp-dir.ts'

/** `npm run torture` takes every call; the usual run one of so many. */
const stride = Number(process.env['FAULT_STRIDE'] ?? 10)

let dir = ''
let items: Item[] = []
let callCount = 0

beforeAll(async () => {
  dir = makeTempDir()
  items = await makeFaultTrees(dir)
  callCount = await withFault(0, { kind: 'kill' }, () => run('counted'))
  expect(differencesTo('after', 'counted')).toEqual([])
})
afterAll(() => removeTree(dir))

function run(name: string) {
  if (!existsSync(`${dir}/${name}`)) copyTree(`${dir}/before`, `${dir}/${name}`)
  return apply(replayItems(items), applyOptions(`${dir}/${name}`, { durable: true }))
}

function differencesTo(side: 'before' | 'after', name: string): string[] {
  return compareTrees(`${dir}/${side}`, `${dir}/${name}`)
}

function hasStage(name: string): boolean {
  return readdirSync(`${dir}/${name}`).some((entry) => entry.startsWith('.fsapply-'))
}

/** Calls that a fault is tried at: each run begins elsewhere, so that they differ between faults. */
function* callsFrom(start: number): Generator<number> {
  for (let n = 1 + (start % stride); n <= callCount; n += stride) yield n
}

const faults: readonly [what: string, fault: Fault][] = [
  ['EIO', { kind: 'error', errno: Errno.EIO }],
  ['ENOSPC', { kind: 'error', errno: Errno.ENOSPC }],
  ['EACCES', { kind: 'error', errno: Errno.EACCES }],
  ['EINTR', { kind: 'error', errno: Errno.EINTR }],
  ['short', { kind: 'short' }],
]

describe('a call that fails', () => {
  it.each(faults)('with %s leaves the target old or new', { timeout: 1_000_000 }, async (what, fault) => {
    for (const n of callsFrom(faults.findIndex(([name]) => name === what))) await checkFault(`${what}-${n}`, n, fault)
  })
})

async function checkFault(name: string, n: number, fault: Fault): Promise<void> {
  await setImmediate()
  let outcome = ''
  let problemCount = 0
  let failure: unknown = null
  copyTree(`${dir}/before`, `${dir}/${name}`)
  try {
    await withFault(n, fault, async () => {
      const report = await run(name)
      outcome = report.outcome
      problemCount = report.findings.problems.length
    })
  } catch (error) {
    failure = error
  }
  if (fault.kind === 'short' || (fault.kind === 'error' && fault.errno === Errno.EINTR)) {
    expect(failure, name).toBeNull()
    expect(outcome, name).toBe('applied')
  }
  if (failure instanceof CommitError) {
    resume({ target: Buffer.from(`${dir}/${name}`), direction: 'roll-back', durable: false })
  } else if (failure !== null) {
    expect(failure, name).toSatisfy((error) => error instanceof HostError || error instanceof RefusedError)
  }
  if (hasStage(name)) await endStage(name, outcome === 'applied' ? 'resume' : 'roll-back')
  const differences = differencesTo(outcome === 'applied' ? 'after' : 'before', name)
  // The root's time is set last of all: where that call fails the apply is done, and says which step was refused.
  const left = outcome === 'applied' && problemCount > 0 ? withoutRoot(differences) : differences
  expect(left, `${name} ${outcome} ${failure}`).toEqual([])
  removeTree(`${dir}/${name}`)
}

describe('a process that dies', () => {
  it('leaves a target that can be brought to either end', { timeout: 1_000_000 }, async () => {
    for (const n of callsFrom(0)) {
      const back = `killed-${n}-back`
      await killedRun(back, n)
      if (hasStage(back)) await endStage(back, 'roll-back')
      const wasComplete = differencesTo('before', back).length > 0
      if (wasComplete) expect(withoutRoot(differencesTo('after', back)), back).toEqual([])
      else expect(differencesTo('before', back), back).toEqual([])
      const forth = `killed-${n}-forth`
      await killedRun(forth, n)
      const isResumed = hasStage(forth) && (await endStage(forth, 'resume'))
      if (isResumed) expect(withoutRoot(differencesTo('after', forth)), forth).toEqual([])
      removeTree(`${dir}/${back}`)
      removeTree(`${dir}/${forth}`)
    }
  })
})

async function killedRun(name: string, n: number): Promise<void> {
  // The test runner is told nothing for as long as nobody lets go of the thread.
  await setImmediate()
  copyTree(`${dir}/before`, `${dir}/${name}`)
  await withFault(n, { kind: 'kill' }, () => run(name))
  if (!hasStage(name)) return
  await expect(run(name), name).rejects.toMatchObject({ code: expect.stringMatching(/^(leftover|undecided)-stage$/) })
}

/** True where that could be done. */
async function endStage(name: string, direction: 'resume' | 'roll-back'): Promise<boolean> {
  try {
    resume({ target: Buffer.from(`${dir}/${name}`), direction, durable: false })
    return true
  } catch (error) {
    expect(error, name).toMatchObject({ code: direction === 'resume' ? 'not-decided' : 'already-complete' })
    resume({
      target: Buffer.from(`${dir}/${name}`),
      direction: direction === 'resume' ? 'roll-back' : 'resume',
      durable: false,
    })
    return false
  }
}

/** The root's time is put back after the stage is gone: who dies between the two leaves it as it is then. */
function withoutRoot(differences: string[]): string[] {
  return differences.filter((line) => !line.startsWith(': mtime'))
}
