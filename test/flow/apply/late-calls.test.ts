/**
 * Another is at work in the target at any call of an apply, or after one that was cut short: what he makes, writes or takes elsewhere is
 * there in the end.
 */
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostError } from '../../../src/base/errors.ts'
import type { ApplyOptions } from '../../../src/flow/apply/apply-options.ts'
import { resume } from '../../../src/flow/apply/resume.ts'
import { CommitError } from '../../../src/host/commit/commit-error.ts'
import type { Item } from '../../../src/model/item.ts'
import { applyItems } from '../../support/apply-tree.ts'
import { betweenCalls } from '../../support/between-calls.ts'
import { atEveryCall, callsOf, endStage, isTorture, kill, stagesOf } from '../../support/every-call.ts'
import { isRoot } from '../../support/every-kind.ts'
import { withFault } from '../../support/fault-calls.ts'
import { makeFaultTarget, makeFaultTrees } from '../../support/fault-tree.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'

let dir = ''
beforeAll(() => {
  dir = makeQuickDir()
})
afterAll(() => removeTree(dir))

/** Every path of a tree, directories first. */
function pathsIn(root: string, path = ''): string[] {
  const names = readdirSync(`${root}/${path}`).map((name) => (path === '' ? name : `${path}/${name}`))
  return [...names, ...names.flatMap((name) => (lstatSync(`${root}/${name}`).isDirectory() ? pathsIn(root, name) : []))]
}

/** What each file of a tree holds. */
function filesIn(root: string): string[] {
  const paths = pathsIn(root).filter((path) => lstatSync(`${root}/${path}`).isFile())
  return paths.map((path) => readFileSync(`${root}/${path}`, 'latin1'))
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

describe('at every call', () => {
  let items: Item[] = []
  beforeAll(async () => {
    mkdirSync(`${dir}/every`)
    items = await makeFaultTrees(`${dir}/every`)
  })
  const dirs = ['', 'a', 'gone', 'gone/inner', 'moved-dir', 'moved-dir/sub', 'untouched']

  /** Applies to a new target; `act` is called before each call. Tells how many there were, and whether it was applied. */
  async function applied(target: string, options: Partial<ApplyOptions>, act: (n: number) => void) {
    await setImmediate()
    let isApplied = false
    const work = async (): Promise<void> => {
      try {
        isApplied = (await applyItems(items, target, options)).outcome === 'applied'
      } catch (error) {
        if (!(error instanceof CommitError || error instanceof HostError)) throw error
      }
    }
    const count = await betweenCalls(act, work)
    if (stagesOf(target).length > 0) resume({ target: Buffer.from(target), direction: 'roll-back', durable: false })
    return { count, isApplied }
  }

  describe.each(Object.entries({ 'by default': {}, atomic: { atomic: { oldTree: null } } }))('%s', (way, options) => {
    it.each(dirs)(
      'a file that comes to the directory "%s" is there in the end',
      { timeout: 1_000_000 },
      async (path) => {
        // What an atomic apply keeps is beside the target.
        const folder = `${dir}/comes-${way}`
        const target = `${folder}/target`
        const stride = isTorture ? 1 : dirs.length
        for (let n = 1 + dirs.indexOf(path), count = n; n <= count; n += stride) {
          mkdirSync(folder)
          makeFaultTarget(target)
          const fd = openSync(`${target}/${path}`, 'r')
          let isMade = false
          const act = (call: number): void => {
            if (call !== n) return
            try {
              writeFileSync(`/proc/self/fd/${fd}/late`, 'late')
              isMade = true
            } catch {
              // There is no such directory any more, and he is told so.
            }
          }
          count = (await applied(target, options, act)).count
          closeSync(fd)
          const late = pathsIn(folder).filter((name) => name.endsWith('late'))
          const found = late.map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
          // A copy of the whole tree has it under a second name.
          expect(isMade ? [...new Set(found)] : ['late'], `call ${n}`).toEqual(['late'])
          removeTree(folder)
        }
      },
    )
  })

  it.each(dirs.slice(1))(
    'nothing is lost where the directory "%s" is taken away',
    { timeout: 1_000_000 },
    async (path) => {
      const target = `${dir}/taken`
      const texts = filesIn(`${dir}/every/before`)
      const stride = isTorture ? 1 : dirs.length
      for (let n = 1 + dirs.indexOf(path), count = n; n <= count; n += stride) {
        makeFaultTarget(target)
        const taken = await applied(target, {}, (call) => {
          if (call === n && isThere(`${target}/${path}`)) renameSync(`${target}/${path}`, `${target}/taken-away`)
        })
        count = taken.count
        const left = new Set(filesIn(target))
        expect(taken.isApplied ? [] : texts.filter((text) => !left.has(text)), `call ${n}`).toEqual([])
        expect(stagesOf(target)).toEqual([])
        removeTree(target)
      }
    },
  )

  it.each(['roll-back', 'resume'] as const)(
    'what is written after a process has died is there behind --%s',
    { timeout: 1_000_000 },
    async (direction) => {
      const target = `${dir}/killed`
      const make = (): void => {
        removeTree(target)
        makeFaultTarget(target)
      }
      make()
      const calls = await callsOf(() => applyItems(items, target))
      await atEveryCall(calls, async (n) => {
        make()
        await withFault(n, kill, () => applyItems(items, target))
        if (stagesOf(target).length === 0) return
        const marks = work(target)
        try {
          endStage(target, direction)
        } catch (error) {
          expect(error).toMatchObject({ code: 'drifted' })
          endStage(target, 'roll-back')
        }
        const text = filesIn(target).join('\n')
        expect(
          marks.filter((mark) => !text.includes(mark)),
          `call ${n}`,
        ).toEqual([])
        expect(stagesOf(target)).toEqual([])
      })
    },
  )

  /** Writes to each file, and makes one in each directory, but for those of the stage. */
  function work(target: string): string[] {
    const paths = ['', ...pathsIn(target)].filter((path) => !path.startsWith('.fsapply-'))
    return paths.flatMap((path, i) => {
      const full = `${target}/${path}`
      const stats = lstatSync(full)
      const mark = `<mark ${i}>`
      // He writes where he may.
      if (!isRoot && (stats.mode & 0o200) === 0) return []
      if (stats.isDirectory()) writeFileSync(`${full}/late`, mark)
      else if (stats.isFile()) appendFileSync(full, mark)
      else return []
      return [mark]
    })
  }
})
