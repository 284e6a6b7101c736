/** An overlay filesystem, as containers and live systems have: nothing of its lower layers can be changed, it is copied up. */
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Errno } from '../../../src/host/native/errno.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import { applyItems, changeset } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import {
  atEveryCall,
  callsOf,
  endFaulted,
  endKilled,
  faulted,
  kill,
  withEveryError,
  withoutRootTime,
} from '../../support/every-call.ts'
import { type Fault, withFault } from '../../support/fault-calls.ts'
import { makeFaultTarget, makeFaultTrees } from '../../support/fault-tree.ts'
import { hasFilesystem } from '../../support/mounts.ts'
import { makeTempDir, removeTree } from '../../support/temp-dir.ts'
import { thereAndBack } from '../../support/there-and-back.ts'

/** Where the lower layer lies: where the upper one is, or elsewhere, where its files have a device of their own. */
describe.skipIf(!hasFilesystem('overlay')).each(['the same', 'another'])('an overlay on %s filesystem', (where) => {
  let dir = ''
  let lower = ''
  let target = ''
  let count = 0

  beforeAll(() => {
    dir = makeTempDir()
    for (const name of ['disk', 'merged']) mkdirSync(`${dir}/${name}`)
    execFileSync('mount', ['-t', 'tmpfs', 'none', `${dir}/disk`])
    lower = where === 'another' ? `${dir}/lower` : `${dir}/disk/lower`
    mkdirSync(lower)
    target = `${dir}/merged/target`
  })
  afterAll(() => {
    execFileSync('umount', [`${dir}/disk`])
    removeTree(dir)
  })

  /** Mounts what the lower layer has, with nothing above it; `work` makes that layer and uses the target. */
  async function mounted(work: () => Promise<void>, ...options: string[]): Promise<void> {
    const layers = `${dir}/disk/${count++}`
    for (const name of ['upper', 'work']) mkdirSync(`${layers}/${name}`, { recursive: true })
    const all = [`lowerdir=${lower}`, `upperdir=${layers}/upper`, `workdir=${layers}/work`, ...options]
    execFileSync('mount', ['-t', 'overlay', '-o', all.join(','), 'none', `${dir}/merged`])
    try {
      await work()
    } finally {
      execFileSync('umount', [`${dir}/merged`])
      rmSync(layers, { recursive: true })
    }
  }

  function clear(): void {
    for (const tree of [`${dir}/before`, `${dir}/after`, `${dir}/target`, `${lower}/target`]) removeTree(tree)
  }

  it('takes rows of every kind, there and back', async () => {
    for (const seed of [1, 2, 3, 4]) {
      clear()
      makeChangedTrees(dir, seed + 950, 60, 25)
      copyTree(`${dir}/before`, `${lower}/target`)
      const items = await changeset(`${dir}/before`, `${dir}/after`)
      await mounted(() => thereAndBack(dir, target, items), 'index=on')
    }
  })

  it('moves and deletes directories of links and of more, whose names are copied up by themselves', async () => {
    clear()
    for (const name of ['moved/in', 'gone/in', 'stays/in']) mkdirSync(`${dir}/before/${name}`, { recursive: true })
    for (const name of ['moved/1', 'moved/in/2', 'gone/1', 'stays/in/1']) writeFileSync(`${dir}/before/${name}`, name)
    linkSync(`${dir}/before/moved/1`, `${dir}/before/moved/in/link`)
    linkSync(`${dir}/before/gone/1`, `${dir}/before/gone/in/link`)
    symlinkSync('nowhere', `${dir}/before/gone/symlink`)
    copyTree(`${dir}/before`, `${dir}/after`)
    renameSync(`${dir}/after/moved`, `${dir}/after/stays/here`)
    writeFileSync(`${dir}/after/stays/here/in/2`, 'edited')
    renameSync(`${dir}/after/stays/in`, `${dir}/after/out`)
    rmSync(`${dir}/after/gone`, { recursive: true })
    writeFileSync(`${dir}/after/gone`, 'a file now')
    copyTree(`${dir}/before`, `${lower}/target`)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    await mounted(() => thereAndBack(dir, target, items))
  })

  it('is told of a file that is a mount point', async () => {
    clear()
    makeFaultTarget(`${dir}/before`)
    copyTree(`${dir}/before`, `${lower}/target`)
    copyTree(`${dir}/before`, `${dir}/after`)
    rmSync(`${dir}/after/a/changed`)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    await mounted(async () => {
      execFileSync('mount', ['--bind', `${dir}/before/a/changed`, `${target}/a/changed`])
      const report = await applyItems(items, target).finally(() => execFileSync('umount', [`${target}/a/changed`]))
      expect(report.outcome).toBe('problems')
      expect(compareTrees(`${dir}/before`, target)).toEqual([])
    })
  })

  it('keeps what comes to a directory while that is lifted, and is told of it', async () => {
    clear()
    makeFaultTarget(`${dir}/before`)
    copyTree(`${dir}/before`, `${lower}/target`)
    copyTree(`${dir}/before`, `${dir}/after`)
    rmSync(`${dir}/after/gone`, { recursive: true })
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    await mounted(async () => {
      let report: Awaited<ReturnType<typeof applyItems>> | null = null
      const work = async () => {
        report = await applyItems(items, target, { durable: false })
      }
      // The first to reach the disk is the copy of the directory.
      const late = (call: string) => {
        if (call === 'syncfs')
          for (const tree of [target, `${dir}/before`]) writeFileSync(`${tree}/gone/inner/late`, '')
      }
      await withFault(0, kill, work, late)
      expect(report).toMatchObject({ outcome: 'conflicts' })
      for (const tree of [target, `${dir}/before`])
        for (const name of ['gone/inner/late', 'gone/inner']) utimesSync(`${tree}/${name}`, 1, 1)
      expect(compareTrees(`${dir}/before`, target)).toEqual([])
    })
  })

  it('loses no directory of the upper layer where none can be made to try its name with', async () => {
    clear()
    makeFaultTarget(`${dir}/before`)
    copyTree(`${dir}/before`, `${dir}/after`)
    rmSync(`${dir}/after/gone`, { recursive: true })
    mkdirSync(`${lower}/target`)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    await mounted(async () => {
      const run = () => applyItems(items, target, { durable: false })
      const renew = () => {
        removeTree(target)
        copyTree(`${dir}/before`, target)
      }
      renew()
      const calls = await callsOf(run)
      for (const [i, call] of calls.entries()) {
        if (call !== 'mkdirat') continue
        renew()
        const what = `ENOSPC at ${i + 1}, ${call}`
        const { isApplied } = await faulted(i + 1, { kind: 'error', errno: Errno.ENOSPC }, what, run)
        endFaulted(target, what, isApplied)
        expect(compareTrees(`${dir}/${isApplied ? 'after' : 'before'}`, target), what).toEqual([])
      }
    })
  })

  describe('cut short', () => {
    let items: Item[] = []
    let calls: string[] = []
    const run = () => applyItems(items, target, { durable: true })
    /** A mount takes longer than an apply. */
    const stride = { size: 11, from: where === 'another' ? 5 : 0 }

    beforeAll(async () => {
      clear()
      items = await makeFaultTrees(dir)
      makeFaultTarget(`${lower}/target`)
      await mounted(async () => {
        const inode = statSync(`${target}/moved-dir`).ino
        calls = await callsOf(run)
        expect(differencesTo('after')).toEqual([])
        // It has been lifted: the test is of that.
        expect(statSync(`${target}/a/arrived`).ino).not.toBe(inode)
      }, 'index=on')
    })

    it('by a call that fails, the target is old or new', { timeout: 600_000 }, () =>
      withEveryError(calls, false, (n, fault, what) => mounted(() => checkFault(n, fault, what), 'index=on'), stride),
    )

    it.each(['roll-back', 'resume'] as const)(
      'by a kill, it can be brought to either end: %s',
      { timeout: 600_000 },
      (way) => atEveryCall(calls, (n) => mounted(() => checkKilled(n, way), 'index=on'), stride),
    )

    async function checkFault(n: number, fault: Fault, what: string): Promise<void> {
      const { isApplied, isTold, failure } = await faulted(n, fault, what, run)
      endFaulted(target, what, isApplied)
      const differences = differencesTo(isApplied ? 'after' : 'before')
      expect(isTold ? withoutRootTime(differences) : differences, `${what}: ${failure}`).toEqual([])
    }

    async function checkKilled(n: number, direction: 'resume' | 'roll-back'): Promise<void> {
      const what = `kill at ${n}, ${calls[n - 1]}`
      await withFault(n, kill, run)
      const isOld = endKilled(target, what, direction, differencesTo)
      const differences = differencesTo(isOld ? 'before' : 'after')
      expect(isOld ? differences : withoutRootTime(differences), what).toEqual([])
    }

    const differencesTo = (side: 'before' | 'after') => compareTrees(`${dir}/${side}`, target)
  })
})
