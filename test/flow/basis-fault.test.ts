/** The Nth call fails, or the process dies there, while a tree is made from a basis: the basis stays as it is, and the target is whole or not there. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostError, RefusedError } from '../../src/base/errors.ts'
import { applyOnBasis } from '../../src/flow/apply-on-basis.ts'
import type { ApplyReport } from '../../src/flow/apply-options.ts'
import { resume } from '../../src/flow/resume.ts'
import { CommitError } from '../../src/host/commit-error.ts'
import { Errno } from '../../src/host/errno.ts'
import type { Item } from '../../src/model/item.ts'
import { copyTree } from '../support/apply-random.ts'
import { applyItems, applyOptions, collect, record, replayItems } from '../support/apply-tree.ts'
import { compareTrees } from '../support/compare-trees.ts'
import { type Fault, withFault } from '../support/fault-calls.ts'
import { makeFaultTrees } from '../support/fault-tree.ts'
import { makeTempDir, removeTree } from '../support/temp-dir.ts'

/** `npm run torture` takes every call; the usual run one of so many. */
const stride = Number(process.env['FAULT_STRIDE'] ?? 40)

let dir = ''
let change: Item[] = []
let snapshot: Item[] = []

beforeAll(async () => {
  dir = makeTempDir()
  change = await makeFaultTrees(dir)
  copyTree(`${dir}/before`, `${dir}/reference`)
  snapshot = await collect(record(`${dir}/before`, 'blake3'))
})
afterAll(() => removeTree(dir))

const options = (target: string) =>
  applyOptions(`${dir}/${target}`, { basis: [Buffer.from(`${dir}/before`)], link: true, durable: true })

const ways: readonly [what: string, end: 'before' | 'after', run: (target: string) => Promise<ApplyReport>][] = [
  ['a changeset', 'after', (target) => applyOnBasis(replayItems(change), options(target))],
  ['a snapshot', 'before', (target) => applyItems(snapshot, `${dir}/${target}`, options(target))],
]

const faults: readonly [what: string, fault: Fault][] = [
  ['EIO', { kind: 'error', errno: Errno.EIO }],
  ['ENOSPC', { kind: 'error', errno: Errno.ENOSPC }],
  ['EINTR', { kind: 'error', errno: Errno.EINTR }],
  ['a kill', { kind: 'kill' }],
]

describe.each(ways)('%s', (_what, end, run) => {
  it.each(faults)('and %s', { timeout: 1_000_000 }, async (_fault, fault) => {
    const callCount = await withFault(0, fault, () => run('counted'))
    expect(compareTrees(`${dir}/${end}`, `${dir}/counted`)).toEqual([])
    clear()
    for (let n = 1 + faults.findIndex(([, each]) => each === fault); n <= callCount; n += stride) {
      await setImmediate()
      let report: ApplyReport | null = null
      let failure: unknown = null
      await withFault(n, fault, async () => {
        report = await run('made')
      }).catch((error: unknown) => {
        failure = error
      })
      const isRefused =
        failure instanceof HostError || failure instanceof RefusedError || failure instanceof CommitError
      expect(failure === null || isRefused, `${n}: ${failure}`).toBe(true)
      checkMade(n, end, (report as ApplyReport | null)?.outcome === 'applied', fault)
      expect(compareTrees(`${dir}/reference`, `${dir}/before`), String(n)).toEqual([])
      clear()
    }
  })
})

/** A target that is there is the tree, or its stage brings it to either end. */
function checkMade(n: number, end: 'before' | 'after', isApplied: boolean, fault: Fault): void {
  const target = `${dir}/made`
  const hasStage = existsSync(target) && readdirSync(target).some((name) => name.startsWith('.fsapply-'))
  if (hasStage) resume({ target: Buffer.from(target), direction: endOf(target), durable: false })
  if (fault.kind === 'error')
    expect(
      readdirSync(dir).filter((name) => name.startsWith('.')),
      String(n),
    ).toEqual([])
  if (isApplied || fault.kind !== 'error') {
    if (!existsSync(target)) return
    const differences = compareTrees(`${dir}/${end}`, target).filter((line) => !line.startsWith(': mtime'))
    expect(differences, String(n)).toEqual([])
  } else {
    expect(existsSync(target) && !hasStage ? readdirSync(target) : [], String(n)).toEqual([])
  }
}

function endOf(target: string): 'resume' | 'roll-back' {
  const [stage] = readdirSync(target).filter((name) => name.startsWith('.fsapply-'))
  const isDecided = ['decided', 'complete'].some((mark) => existsSync(`${target}/${stage}/${mark}`))
  return isDecided ? 'resume' : 'roll-back'
}

/** What was linked to the basis shares its modes: nothing is opened up to be removed. */
function clear(): void {
  for (const name of readdirSync(dir)) {
    if (!['before', 'after', 'reference'].includes(name)) rmSync(`${dir}/${name}`, { recursive: true })
  }
}
