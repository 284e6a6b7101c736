/**
 * A local user who puts symlinks in the place of what we are about to touch, between every two calls: nothing outside the
 * target changes, and no belief of ours is broken by it.
 */
import { linkSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostError, RefusedError } from '../../src/base/errors.ts'
import { resume } from '../../src/flow/apply/resume.ts'
import { CommitError } from '../../src/host/commit/commit-error.ts'
import { DriftError } from '../../src/host/commit/commit-step.ts'
import type { Item } from '../../src/model/item.ts'
import { copyTree } from '../support/apply-random.ts'
import { applyItems } from '../support/apply-tree.ts'
import { fingerprint } from '../support/attack.ts'
import { betweenCalls } from '../support/between-calls.ts'
import { isTorture } from '../support/every-call.ts'
import { makeFaultTarget, makeFaultTrees } from '../support/fault-tree.ts'
import { makeQuickDir, removeTree } from '../support/temp-dir.ts'

let dir = ''
let items: Item[] = []
let callCount = 0

beforeAll(async () => {
  dir = makeQuickDir()
  items = await makeFaultTrees(dir)
  // What the symlinks lead to looks as the target does, so that every step would find what it looks for.
  copyTree(`${dir}/before`, `${dir}/outside`)
  for (const name of ['stage', 'stage/new', 'stage/old']) mkdirSync(`${dir}/outside/${name}`)
  callCount = await attacked('counted', () => {})
})
afterAll(() => removeTree(dir))

/** Applies to a copy of the tree before, `act` being called before each call. Errors must be those that a race excuses. */
async function attacked(name: string, act: (n: number) => void): Promise<number> {
  await setImmediate()
  makeFaultTarget(`${dir}/${name}`)
  const run = async (work: () => unknown) => {
    try {
      await work()
    } catch (error) {
      expectExcused(error)
    }
  }
  const count = await betweenCalls(act, () => run(() => applyItems(items, `${dir}/${name}`, { durable: true })))
  const hasStage = readdirSync(`${dir}/${name}`).some((entry) => entry.startsWith('.fsapply-'))
  if (hasStage) {
    await run(() => resume({ target: Buffer.from(`${dir}/${name}`), direction: 'roll-back', durable: false }))
  }
  removeTree(`${dir}/${name}`)
  return count
}

function expectExcused(error: unknown): void {
  if (error instanceof CommitError) {
    expectExcused(error.cause)
    return
  }
  const isExcused = [HostError, RefusedError, DriftError].some((type) => error instanceof type)
  if (!isExcused) throw error
}

const victims = [
  ...['a', 'a/changed', 'a/chmod', 'a/deleted', 'a/kind', 'gone', 'gone/inner', 'gone/stays', 'group-1', 'group-2'],
  ...['leaves-2', 'moved-dir', 'moved-dir/sub', 'swap-1', 'untouched', 'untouched/replaced'],
] as const

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Puts a symlink to what looks the same outside in the place of an entry. */
function plant(name: string, victim: string): void {
  const path = `${dir}/${name}/${victim}`
  if (!exists(path)) return
  renameSync(path, `${path}.real`)
  symlinkSync(`${dir}/outside/${victim}`, path)
}

function takeAway(name: string, victim: string): void {
  const path = `${dir}/${name}/${victim}`
  // The apply may have put its own entry in the place of the symlink.
  if (!exists(`${path}.real`) || !exists(path) || !lstatSync(path).isSymbolicLink()) return
  unlinkSync(path)
  renameSync(`${path}.real`, path)
}

/** Each call, with each victim or one of them. */
function* runs(start: number): Generator<[n: number, victim: string]> {
  for (let n = 1; n <= callCount; n++) {
    for (const victim of isTorture ? victims : [victims[(start + n) % victims.length]!]) yield [n, victim]
  }
}

function* everyCall(): Generator<number> {
  for (let n = 1; n <= callCount; n++) yield n
}

describe('a symlink', () => {
  it('that stays leads nobody outside', { timeout: 1_000_000 }, async () => {
    const before = fingerprint(`${dir}/outside`, { changeTimes: true })
    for (const [n, victim] of runs(0)) {
      await attacked(`stays-${n}`, (count) => {
        if (count === n) plant(`stays-${n}`, victim)
      })
      expect(fingerprint(`${dir}/outside`, { changeTimes: true }), `${victim} before call ${n}`).toEqual(before)
    }
  })

  it('that is there for one call only leads nobody outside', { timeout: 1_000_000 }, async () => {
    const before = fingerprint(`${dir}/outside`, { changeTimes: true })
    for (const [n, victim] of runs(1)) {
      await attacked(`goes-${n}`, (count) => {
        if (count === n) plant(`goes-${n}`, victim)
        if (count === n + 1) takeAway(`goes-${n}`, victim)
      })
      expect(fingerprint(`${dir}/outside`, { changeTimes: true }), `${victim} before call ${n}`).toEqual(before)
    }
  })

  it('in the place of the stage leads nobody outside', { timeout: 1_000_000 }, async () => {
    const before = fingerprint(`${dir}/outside`, { changeTimes: true })
    for (const n of everyCall()) {
      const name = `stage-${n}`
      await attacked(name, (count) => {
        if (count !== n) return
        const stage = readdirSync(`${dir}/${name}`).find((entry) => entry.startsWith('.fsapply-'))
        if (stage === undefined) return
        renameSync(`${dir}/${name}/${stage}`, `${dir}/${name}/taken`)
        symlinkSync(`${dir}/outside/stage`, `${dir}/${name}/${stage}`)
      })
      expect(fingerprint(`${dir}/outside`, { changeTimes: true }), `before call ${n}`).toEqual(before)
    }
  })
})

describe('a hard link to outside', () => {
  // A kernel with protected hard links (the default) does not let a user link to a file that is not his. Others may.
  it.each(['a/chmod', 'new/stayed', 'swap-1'])(
    'in the place of %s is not changed',
    { timeout: 1_000_000 },
    async (victim) => {
      const secret = `${dir}/outside/a/chmod`
      const before = metadataOf(secret)
      for (const n of everyCall()) {
        const path = `${dir}/hard-${n}/${victim}`
        await attacked(`hard-${n}`, (count) => {
          if (count !== n || !exists(path)) return
          renameSync(path, `${path}.real`)
          linkSync(secret, path)
        })
        expect(metadataOf(secret), `before call ${n}`).toEqual(before)
      }
    },
  )
})

function metadataOf(path: string): unknown[] {
  const { mode, uid, gid, size, mtimeNs } = lstatSync(path, { bigint: true })
  return [mode, uid, gid, size, mtimeNs]
}
