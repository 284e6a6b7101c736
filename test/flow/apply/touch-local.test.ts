/**
 * A changeset that tells files by their times (spec §7.8) at targets in which others have done something: nothing that is only there
 * is lost, or gets a time that is not its own, and undo leads back exactly.
 */
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { State } from '../../../src/base/constants.ts'
import { apply } from '../../../src/flow/apply/apply.ts'
import type { ApplyOptions, ApplyReport } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { parseModeRules } from '../../../src/flow/plan/mode-rules.ts'
import { createPlanReport, plan } from '../../../src/flow/plan/plan.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { copyTree } from '../../support/apply-random.ts'
import {
  applyItems,
  applyOptions,
  collect,
  keeper,
  noRules,
  planOptions,
  replayItems,
} from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { setTimes } from '../../support/disk-calls.ts'
import { fifo, makeTree } from '../../support/disk-tree.ts'
import { stagesOf } from '../../support/every-call.ts'
import { makeQuickDir, useTempDirs } from '../../support/temp-dir.ts'
import { makeTouchFaultTrees, makeTouchTarget, newTime, oldTime, touchedPaths } from '../../support/touch-fault-tree.ts'
import { pathsIn } from '../../support/touch-trees.ts'

const tempDir = useTempDirs(makeQuickDir)
const ways = ['staged', 'in place', 'in one step'] as const

let dir = ''
let target = ''
let items: Item[] = []

beforeEach(async () => {
  dir = tempDir()
  target = `${dir}/target`
  items = await makeTouchFaultTrees(dir)
  makeTouchTarget(target)
})

function applyIn(way: (typeof ways)[number], changed: Partial<ApplyOptions> = {}): Promise<ApplyReport> {
  const atomic = way === 'in one step' ? { oldTree: null } : null
  const options = applyOptions(target, { atomic, ...changed })
  return way === 'in place' ? applyDirect(() => replayItems(items), options) : apply(replayItems(items), options)
}

const nsOf = ([sec, nsec]: readonly [number, number]): bigint => BigInt(sec) * 1_000_000_000n + BigInt(nsec)
const timeOf = (path: string): bigint => lstatSync(path, { bigint: true }).mtimeNs

function statesIn(list: readonly Item[]): Set<number> {
  return new Set(list.flatMap((item) => (item.kind === 'rows' ? [...item.batch.state!] : [])))
}

describe('a touched file that is written to once it was compared', () => {
  it.each(ways)('keeps what was written and its time: %s', async (way) => {
    let written = 0n
    const report = await applyIn(way, {
      async beforeCommit() {
        writeFileSync(`${target}/a/one`, 'ONE')
        written = timeOf(`${target}/a/one`)
      },
    })
    expect(report).toMatchObject({ outcome: 'conflicts', isPartly: way === 'in place' })
    expect(report.findings.conflicts.map(({ path, state }) => [pathKey(path), state])).toEqual([
      ['a/one', State.changed],
    ])
    expect([readFileSync(`${target}/a/one`, 'utf8'), timeOf(`${target}/a/one`)]).toEqual(['ONE', written])
    expect(stagesOf(target)).toEqual([])
    const others = compareTrees(`${dir}/before`, target).filter((line) => !line.startsWith('a/one: '))
    if (way !== 'in place') expect(others).toEqual([])
  })
})

describe('a touched file that is written to behind a switch of the whole tree', () => {
  it('is kept with the old tree', async () => {
    const fd = openSync(`${target}/a/one`, 'r+')
    const report = await applyIn('in one step', {
      async afterCommit() {
        writeSync(fd, 'ONE')
      },
    })
    closeSync(fd)
    expect(report.outcome).toBe('applied')
    expect(report.findings.problems).toMatchObject([{ code: 'changed' }])
    expect(readFileSync(`${dir}/${report.oldTree}/a/one`, 'utf8')).toBe('ONE')
    expect(compareTrees(`${dir}/after`, target).filter((line) => !line.includes('nlink'))).toEqual([])
  })
})

describe('a target that has something else in the place of a touched file', () => {
  const places: Record<string, (path: string) => void> = {
    'a symlink to the same outside': (path) => {
      renameSync(path, `${dir}/outside`)
      symlinkSync('../../outside', path)
      setTimes(Buffer.from(path), ...oldTime)
    },
    'a fifo': (path) => {
      rmSync(path)
      makeTree(target, [['a/one', fifo({ mtime: oldTime })]])
    },
    'a directory': (path) => {
      rmSync(path)
      mkdirSync(path)
      setTimes(Buffer.from(path), ...oldTime)
    },
    'another file': (path) => {
      writeFileSync(path, 'ONE')
      setTimes(Buffer.from(path), ...oldTime)
    },
    'the same at another time': (path) => utimesSync(path, 1, 1),
    'another touched file': (path) => {
      rmSync(path)
      linkSync(`${target}/still/three`, path)
    },
    nothing: (path) => rmSync(path),
  }

  it.each(Object.entries(places))('is refused, whatever the policy, and left alone: %s', async (_, put) => {
    put(`${target}/a/one`)
    copyTree(target, `${dir}/copy`)
    const refusal = { code: 'touched-differ' }
    for (const onConflict of ['fail', 'skip', 'overwrite', 'keep-both'] as const)
      await expect(applyIn('staged', { onConflict })).rejects.toMatchObject(refusal)
    await expect(applyIn('in place', { onConflict: 'skip' })).rejects.toMatchObject(refusal)
    await expect(applyIn('in one step')).rejects.toMatchObject(refusal)
    await expect(collect(plan(replayItems(items), planOptions(target), createPlanReport()))).rejects.toMatchObject(
      refusal,
    )
    expect(stagesOf(target)).toEqual([])
    expect(compareTrees(`${dir}/copy`, target)).toEqual([])
  })
})

describe('a file that a row names and that was edited here', () => {
  it.each(
    (['skip', 'overwrite', 'keep-both'] as const).flatMap((onConflict) =>
      ways.map((way) => [onConflict, way] as const),
    ),
  )('stays, %s, while the others are touched: %s', async (onConflict, way) => {
    writeFileSync(`${target}/a/edited`, 'edited here')
    // Also where it has the very time of the touch.
    setTimes(Buffer.from(`${target}/a/edited`), ...oldTime)
    setTimes(Buffer.from(`${target}/a`), ...oldTime)
    copyTree(target, `${dir}/drifted`)
    const [undo, receipt] = [keeper(), keeper()]
    const report = await applyIn(way, { onConflict, undo: undo.take, receipt: receipt.take })
    expect(report).toMatchObject({ outcome: 'applied', isPartly: false })
    const kept = `${target}/a/edited${onConflict === 'overwrite' ? '.kept' : ''}`
    expect([readFileSync(kept, 'utf8'), timeOf(kept)]).toEqual(['edited here', nsOf(oldTime)])
    for (const path of touchedPaths) expect(timeOf(`${target}/${path}`), path).toBe(nsOf(newTime))
    expect(pathsIn(receipt.kept.items)).toEqual(expect.arrayContaining([...touchedPaths]))
    await applyItems(undo.kept.items, target)
    expect(compareTrees(`${dir}/drifted`, target)).toEqual([])
  })
})

describe('a hard link', () => {
  it.each(ways)('from outside of the target keeps its bytes and its time: %s', async (way) => {
    linkSync(`${target}/still/three`, `${dir}/outside`)
    setTimes(Buffer.from(`${target}/still`), ...oldTime)
    const undo = keeper()
    expect((await applyIn(way, { undo: undo.take })).outcome).toBe('applied')
    expect(timeOf(`${dir}/outside`)).toBe(nsOf(oldTime))
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
    expect((await applyItems(undo.kept.items, target)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, target)).toEqual([])
  })
})

describe('what the user lets be done', () => {
  it.each(ways)('leaves out deletes, and touches all the same: %s', async (way) => {
    const rules = { ...noRules, neverDelete: true }
    expect((await applyIn(way, { rules })).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target).map((line) => line.replace(/ .*/, ''))).toEqual(['a/deleted:'])
    expect((await applyIn(way, { rules })).outcome).toBe('unchanged')
    expect((await applyIn(way)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })

  it('changes no mode and no owner of a touched file, for the stream brings none', async () => {
    chmodSync(`${target}/a/one`, 0o6755)
    const rules = { ...noRules, untrusted: true, chmod: parseModeRules('F640') }
    writeFileSync(`${target}/a/edited`, 'old bytes')
    chmodSync(`${target}/a/edited`, 0o640)
    setTimes(Buffer.from(`${target}/a/edited`), ...oldTime)
    chmodSync(`${target}/a/deleted`, 0o640)
    const [undo, receipt] = [keeper(), keeper()]
    const report = await applyIn('staged', { rules, undo: undo.take, receipt: receipt.take })
    expect([report.outcome, report.findings.problems]).toEqual(['applied', []])
    expect(statesIn(receipt.kept.items)).toEqual(new Set([State.done]))
    const one = statSync(`${target}/a/one`)
    expect([one.mode & 0o7777, timeOf(`${target}/a/one`)]).toEqual([0o6755, nsOf(newTime)])
    expect(statSync(`${target}/a/edited`).mode & 0o7777).toBe(0o640)
  })
})

describe('a plan', () => {
  it('names every touched file, before it is done and after', async () => {
    const planned = () => collect(plan(replayItems(items), planOptions(target), createPlanReport()))
    const states = async () => statesIn(await planned())
    expect(pathsIn(await planned())).toEqual(expect.arrayContaining([...touchedPaths]))
    expect(await states()).toEqual(new Set([State.do]))
    await applyIn('staged')
    expect(await states()).toEqual(new Set([State.done]))
  })
})
