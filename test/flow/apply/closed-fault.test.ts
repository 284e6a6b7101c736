/** A tree whose directories, the root among them, are closed to their owner: changed by that owner, and cut short at any call. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { resume } from '../../../src/flow/apply/resume.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, applyOptions, changeset, replayItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { atEveryCall, callsOf, endStage, kill, stagesOf, withoutRootTime } from '../../support/every-call.ts'
import { isRoot } from '../../support/every-kind.ts'
import { withFault } from '../../support/fault-calls.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'

const NOBODY = 65534

let dir = ''
/** The target is in a folder of its own: what is beside it counts. */
let folder = ''
let target = ''
let items: Item[] = []

/** The superuser is nobody for as long as a test runs; anybody else is who he is. */
const beNobody = (): void => {
  if (!isRoot) return
  process.setegid!(NOBODY)
  process.seteuid!(NOBODY)
}
const beAgain = (): void => {
  if (!isRoot) return
  process.seteuid!(0)
  process.setegid!(0)
}

beforeAll(async () => {
  dir = makeQuickDir()
  folder = `${dir}/folder`
  target = `${folder}/target`
  for (const name of ['before', 'after']) {
    const tree = `${dir}/${name}`
    mkdirSync(`${tree}/closed/inner`, { recursive: true })
    for (const file of ['edit', 'closed/edit', 'closed/inner/edit', name]) writeFileSync(`${tree}/${file}`, name)
    for (const path of ['closed/inner', 'closed', '']) {
      chmodSync(`${tree}/${path}`, 0o555)
      utimesSync(`${tree}/${path}`, 1000, name === 'before' ? 1000 : 2000)
    }
  }
  items = await changeset(`${dir}/before`, `${dir}/after`)
  if (isRoot) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, dir])
})
afterAll(() => removeTree(dir))

function renewTarget(): void {
  removeTree(folder)
  mkdirSync(folder)
  copyTree(`${dir}/before`, target)
  if (isRoot) chownSync(folder, NOBODY, NOBODY)
}

beforeEach(renewTarget)
beforeEach(beNobody)
afterEach(beAgain)

const ways = [
  ['by a stage', () => applyItems(items, target)],
  ['as a whole', () => applyItems(items, target, { atomic: { oldTree: null } })],
  ['in place', () => applyDirect(() => replayItems(items), applyOptions(target))],
] as const

describe.each(ways)('%s', (way, run) => {
  it.each(['resume', 'roll-back'] as const)('a process that dies: %s', { timeout: 1_000_000 }, async (direction) => {
    const calls = await callsOf(run)
    expect(differences('after')).toEqual([])
    const stride = { size: 2, from: direction === 'resume' ? 0 : 1 }
    await atEveryCall(calls, checkCall, stride)

    async function checkCall(n: number): Promise<void> {
      beAgain()
      renewTarget()
      beNobody()
      await withFault(n, kill, run)
      await checkKilled(`kill at ${n}, ${calls[n - 1]}`, way, direction)
      expect((await run()).outcome).toMatch(/^(applied|unchanged)$/)
      expect(differences('after'), `again after kill at ${n}`).toEqual([])
    }
  })
})

async function checkKilled(what: string, way: string, direction: 'resume' | 'roll-back'): Promise<void> {
  if (stagesOf(target).length > 0) endStage(target, direction)
  else if (besides().length > 0) endSwitch(direction)
  expect(stagesOf(target), what).toEqual([])
  // One that died while the root was open left it so: the next run closes it.
  if (way === 'in place' || (statSync(target).mode & 0o4000) !== 0) return
  const isOld = differences('before').length === 0
  expect(isOld ? [] : differences('after'), what).toEqual([])
}

function besides(): string[] {
  return readdirSync(folder).filter((name) => name !== 'target')
}

/** The old tree, or the new one, is beside the other: with its stage it is ended, without it it is only in the way. */
function endSwitch(direction: 'resume' | 'roll-back'): void {
  const hasStage = besides().some((name) => stagesOf(`${folder}/${name}`).length > 0)
  if (hasStage) resume({ target: Buffer.from(target), direction, durable: false })
  for (const name of besides()) {
    execFileSync('chmod', ['-R', 'u+w', `${folder}/${name}`])
    removeTree(`${folder}/${name}`)
  }
}

/** The root's time is put back last of all. What a switch leaves beside has second names. */
function differences(side: 'before' | 'after'): string[] {
  return withoutRootTime(compareTrees(`${dir}/${side}`, target))
}
