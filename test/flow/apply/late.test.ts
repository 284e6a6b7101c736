/**
 * Another is at work in the target while it is changed: what comes to a directory that goes, or is written there, between the check and
 * the end is told and kept, at whatever call it comes; nothing is removed that nobody has looked at.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apply } from '../../../src/flow/apply/apply.ts'
import type { ApplyOptions, ApplyReport } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { resume } from '../../../src/flow/apply/resume.ts'
import { CommitError } from '../../../src/host/commit/commit-error.ts'
import { escapeText } from '../../../src/model/escape.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, applyOptions, changeset, replayItems } from '../../support/apply-tree.ts'
import { betweenCalls } from '../../support/between-calls.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { atEveryCall, callsOf, endStage, isTorture, kill, stagesOf } from '../../support/every-call.ts'
import { withFault } from '../../support/fault-calls.ts'
import { makeFaultTarget, makeFaultTrees } from '../../support/fault-tree.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'

let dir = ''
beforeAll(() => {
  dir = makeQuickDir()
})
afterAll(() => removeTree(dir))

const ways: Record<string, Partial<ApplyOptions> & { isDirect?: true }> = {
  'by default': {},
  'deletes last': { deleteAfter: true },
  atomic: { atomic: { oldTree: null } },
  direct: { isDirect: true },
}

const before: TreeSpec = [
  ['becomes-file', directory()],
  ['becomes-file/a', file('a')],
  ['gone', directory()],
  ['gone/empty', directory()],
  ['gone/file', file('file')],
  ['gone/in', directory()],
  ['gone/in/file', file('inner')],
  ['here', file('here')],
  ['single', file('single')],
]
const after: TreeSpec = [
  ['becomes-file', file('a file')],
  ['here', file('here')],
]
const time = [1_500_000_000, 0] as const

function makeSides(folder: string): void {
  for (const [side, spec] of [['before', before] as const, ['after', after] as const]) {
    mkdirSync(`${folder}/${side}`, { recursive: true })
    makeTree(`${folder}/${side}`, [['', directory({ mode: 0o755 })], ...spec], time)
  }
}

const textOf = (path: Uint8Array): string => escapeText(Buffer.from(path).toString('latin1'))

function run(items: Item[], target: string, way: string, more: Partial<ApplyOptions>): Promise<ApplyReport> {
  const { isDirect, ...options } = ways[way]!
  const chosen = applyOptions(target, { ...options, ...more })
  return isDirect ? applyDirect(() => replayItems(items), chosen) : apply(replayItems(items), chosen)
}

describe('between the check and the commit', () => {
  const acts: [what: string, path: string, act: (target: string) => void][] = [
    ['a new file in a directory that goes', 'gone/late', (t) => writeFileSync(`${t}/gone/late`, '')],
    ['a new file further down', 'gone/in/late', (t) => writeFileSync(`${t}/gone/in/late`, 'late')],
    ['a new file in an empty one', 'gone/empty/late', (t) => writeFileSync(`${t}/gone/empty/late`, 'late')],
    ['a new directory', 'gone/late', (t) => mkdirSync(`${t}/gone/late`)],
    ['a file moved there', 'gone/here', (t) => renameSync(`${t}/here`, `${t}/gone/here`)],
    ['a file that is written to', 'gone/in/file', (t) => appendFileSync(`${t}/gone/in/file`, ', more')],
    ['a single file that is written to', 'single', (t) => appendFileSync(`${t}/single`, ', more')],
    ['another file in its place', 'gone/file', (t) => replace(`${t}/gone/file`)],
    ['a new file where a file is to be', 'becomes-file/late', (t) => writeFileSync(`${t}/becomes-file/late`, '')],
  ]

  function replace(path: string): void {
    unlinkSync(path)
    writeFileSync(path, 'other')
  }

  describe.each(Object.keys(ways))('%s', (way) => {
    it.each(acts)('%s is a conflict', async (_what, path, act) => {
      const folder = `${dir}/${way}-${acts.findIndex((row) => row[2] === act)}`
      makeSides(folder)
      const target = `${folder}/before`
      const items = await changeset(target, `${folder}/after`)
      const beforeCommit = async (): Promise<void> => {
        act(target)
        copyTree(target, `${folder}/then`)
        for (const stage of stagesOf(`${folder}/then`)) removeTree(`${folder}/then/${stage}`)
      }
      const { outcome, isPartly, findings } = await run(items, target, way, { beforeCommit })
      expect(outcome).toBe('conflicts')
      expect(findings.conflicts.map((conflict) => textOf(conflict.path))).toContain(path)
      // In place, what was done before stays done.
      if (!isPartly)
        expect(compareTrees(`${folder}/then`, target).filter((line) => !/^[^:]*: mtime/.test(line))).toEqual([])
      expect(existsSync(`${target}/${path}`)).toBe(true)
    })
  })
})

describe('when all is done', () => {
  it.each(['by default', 'deletes last'])('%s: what comes to a directory that was deleted is kept', async (way) => {
    const folder = `${dir}/done-${way}`
    makeSides(folder)
    const target = `${folder}/before`
    const items = await changeset(target, `${folder}/after`)
    const fds = ['gone/in', 'becomes-file'].map((path) => openSync(`${target}/${path}`, 'r'))
    const single = openSync(`${target}/single`, 'a')
    const afterCommit = async (): Promise<void> => {
      for (const fd of fds) writeFileSync(`/proc/self/fd/${fd}/late`, 'late')
      appendFileSync(single, ', more')
    }
    const { outcome, findings } = await run(items, target, way, { afterCommit })
    for (const fd of [...fds, single]) closeSync(fd)
    expect(outcome).toBe('applied')
    expect(findings.problems.map(({ code, path }) => [code, textOf(path)])).toEqual([
      ['changed', 'single'],
      ['changed', 'gone'],
      ['changed', 'becomes-file.late'],
    ])
    expect(readdirSync(`${target}/gone`)).toEqual(['in'])
    expect(readdirSync(`${target}/gone/in`)).toEqual(['late'])
    expect(readdirSync(`${target}/becomes-file.late`)).toEqual(['late'])
    expect(readFileSync(`${target}/becomes-file`, 'utf8')).toBe('a file')
    expect(readFileSync(`${target}/single`, 'utf8')).toBe('single, more')
    expect(stagesOf(target)).toEqual([])
  })
})

/** Every path of a tree, directories first. */
function pathsIn(root: string, path = ''): string[] {
  const names = readdirSync(`${root}/${path}`).map((name) => (path === '' ? name : `${path}/${name}`))
  return [...names, ...names.flatMap((name) => (lstatSync(`${root}/${name}`).isDirectory() ? pathsIn(root, name) : []))]
}

/** What files of a tree hold, in one. */
function textIn(root: string): string {
  const isFile = (path: string): boolean => lstatSync(`${root}/${path}`).isFile()
  return pathsIn(root)
    .filter(isFile)
    .map((path) => readFileSync(`${root}/${path}`, 'latin1'))
    .join('\n')
}

describe('at every call', () => {
  let items: Item[] = []
  beforeAll(async () => {
    mkdirSync(`${dir}/every`)
    items = await makeFaultTrees(`${dir}/every`)
  })
  const dirs = ['', 'a', 'gone', 'gone/inner', 'moved-dir', 'moved-dir/sub', 'untouched']

  /** Applies to a new target; `act` is called before each call. @returns how many there were */
  async function applied(target: string, options: Partial<ApplyOptions>, act: (n: number) => void): Promise<number> {
    await setImmediate()
    const work = async (): Promise<void> => {
      await applyItems(items, target, options).catch((error: unknown) => {
        if (!(error instanceof CommitError)) throw error
      })
    }
    const count = await betweenCalls(act, work)
    if (stagesOf(target).length > 0) resume({ target: Buffer.from(target), direction: 'roll-back', durable: false })
    return count
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
          count = await applied(target, options, (call) => {
            if (call !== n) return
            try {
              writeFileSync(`/proc/self/fd/${fd}/late`, 'late')
              isMade = true
            } catch {
              // There is no such directory any more, and he is told so.
            }
          })
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
        const text = textIn(target)
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
      if (stats.isDirectory()) writeFileSync(`${full}/late`, mark)
      else if (stats.isFile()) appendFileSync(full, mark)
      else return []
      return [mark]
    })
  }
})
