/** What is done for rows in conflict by the user's choice; nothing that was there is ever lost. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApplyOptions } from '../../src/flow/apply-options.ts'
import { resume } from '../../src/flow/resume.ts'
import type { Item } from '../../src/model/item.ts'
import { pathKey } from '../../src/model/path.ts'
import { copyTree } from '../support/apply-random.ts'
import { applyItems, changeset } from '../support/apply-tree.ts'
import { compareTrees } from '../support/compare-trees.ts'
import { directory, file, link, makeTree, symlink, type TreeSpec } from '../support/disk-tree.ts'
import { withFault } from '../support/fault-calls.ts'
import { makeTempDir, removeTree, useTempDirs } from '../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_500_000_000, 0] as const

const before: TreeSpec = [
  ['delete', file('delete me')],
  ['dir', directory()],
  ['dir/inner', directory()],
  ['dir/inner/file', file('goes')],
  ['dir/other', file('goes too')],
  ['edit', file('before')],
  ['group-1', file('two names')],
  ['group-2', link('group-1')],
  ['kind', file('a file')],
  ['link', symlink('edit')],
  ['mode', file('x', { mode: 0o600 })],
]

let dir = ''
let items: Item[] = []

beforeAll(async () => {
  dir = makeTempDir()
  for (const name of ['before', 'after']) {
    mkdirSync(`${dir}/${name}`)
    makeTree(`${dir}/${name}`, [['', directory({ mode: 0o755 })], ...before], time)
  }
  const tree = `${dir}/after`
  for (const path of ['delete', 'dir', 'kind']) rmSync(`${tree}/${path}`, { recursive: true })
  writeFileSync(`${tree}/edit`, 'after')
  writeFileSync(`${tree}/group-1`, 'two names, edited')
  mkdirSync(`${tree}/kind`)
  writeFileSync(`${tree}/kind/inner`, 'in the new directory')
  chmodSync(`${tree}/mode`, 0o640)
  writeFileSync(`${tree}/new`, 'new')
  mkdirSync(`${tree}/new-dir`)
  writeFileSync(`${tree}/new-dir/file`, 'new')
  items = await changeset(`${dir}/before`, tree)
  copyTree(`${dir}/before`, `${dir}/drifted`)
  drift(`${dir}/drifted`)
})
afterAll(() => removeTree(dir))

/** Every kind of conflict at once. */
function driftedTarget(): string {
  const target = `${tempDir()}/target`
  copyTree(`${dir}/drifted`, target)
  copyTree(target, `${target}-copy`)
  return target
}

function drift(target: string): void {
  appendFileSync(`${target}/delete`, ', local')
  writeFileSync(`${target}/dir/inner/local`, 'local')
  appendFileSync(`${target}/dir/inner/file`, ', local')
  appendFileSync(`${target}/edit`, ', local')
  rmSync(`${target}/group-2`)
  appendFileSync(`${target}/kind`, ', local')
  writeFileSync(`${target}/new`, 'local')
  writeFileSync(`${target}/new-dir`, 'local')
}

function filesIn(root: string, path = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(`${root}/${path}`, { withFileTypes: true })) {
    const inner = path === '' ? entry.name : `${path}/${entry.name}`
    if (entry.isDirectory()) Object.assign(found, filesIn(root, inner))
    else if (entry.isFile()) found[inner] = readFileSync(`${root}/${inner}`, 'utf8')
  }
  return found
}

const local = {
  delete: 'delete me, local',
  'dir/inner/local': 'local',
  'dir/inner/file': 'goes, local',
  edit: 'before, local',
  kind: 'a file, local',
  new: 'local',
  'new-dir': 'local',
}
const theirs = {
  edit: 'after',
  'kind/inner': 'in the new directory',
  new: 'new',
  'new-dir/file': 'new',
}
const always = { 'group-1': 'two names, edited', mode: 'x' }

const under = (folder: string, files: Record<string, string>, suffix = ''): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}${name}${suffix}`, bytes]))

describe('a conflict', () => {
  it('that is skipped leaves what is there, and what depends on it', async () => {
    const target = driftedTarget()
    const { outcome, counts } = await applyItems(items, target, { onConflict: 'skip' })
    expect(outcome).toBe('applied')
    expect(filesIn(target)).toEqual({ ...local, ...always })
    expect(counts).toMatchObject({ replaced: 1, metadata: 2, deleted: 1, added: 0 })
  })

  it('that is overwritten keeps what was there under a suffix', async () => {
    const target = driftedTarget()
    const { outcome } = await applyItems(items, target, { onConflict: 'overwrite' })
    expect(outcome).toBe('applied')
    const { 'dir/inner/local': unnamed, ...named } = local
    expect(filesIn(target)).toEqual({
      ...theirs,
      ...always,
      'group-2': always['group-1'],
      'dir/inner/local': unnamed,
      ...under('', named, '.kept'),
    })
  })

  it('that is overwritten keeps what was there in a folder', async () => {
    const target = driftedTarget()
    const backup = Buffer.from(`${target}-backup`)
    const { outcome } = await applyItems(items, target, { onConflict: 'overwrite', backup })
    expect(outcome).toBe('applied')
    const { 'dir/inner/local': unnamed, ...named } = local
    expect(filesIn(target)).toEqual({ ...theirs, ...always, 'group-2': always['group-1'], 'dir/inner/local': unnamed })
    expect(filesIn(`${target}-backup`)).toEqual(named)
    const again = await applyItems(items, target, { onConflict: 'overwrite', backup })
    expect(again.outcome).toBe('unchanged')
  })

  it('that keeps both puts the new beside the old', async () => {
    const target = driftedTarget()
    const { outcome } = await applyItems(items, target, { onConflict: 'keep-both' })
    expect(outcome).toBe('applied')
    expect(filesIn(target)).toEqual({
      ...local,
      ...always,
      'group-2': always['group-1'],
      'edit.kept': 'after',
      'kind.kept/inner': 'in the new directory',
      'new.kept': 'new',
      'new-dir.kept/file': 'new',
    })
  })

  it.each(['overwrite', 'keep-both'] as const)(
    'is not dealt with by %s where the other name is taken',
    async (onConflict) => {
      const target = driftedTarget()
      writeFileSync(`${target}/edit.kept`, 'mine')
      copyTree(target, `${target}-copy-2`)
      const { outcome, findings } = await applyItems(items, target, { onConflict })
      expect(outcome).toBe('problems')
      expect(findings.problems.map(({ code, path }) => [code, pathKey(path)])).toEqual([['refused', 'edit']])
      expect(compareTrees(`${target}-copy-2`, target)).toEqual([])
    },
  )

  it('is dealt with where there is nothing else to do', async () => {
    const target = `${tempDir()}/target`
    copyTree(`${dir}/after`, target)
    writeFileSync(`${target}/edit`, 'local')
    const { outcome, counts } = await applyItems(items, target, { onConflict: 'overwrite' })
    expect(outcome).toBe('applied')
    expect(counts).toMatchObject({ overridden: 1, conflicts: 0, replaced: 0 })
    expect(filesIn(target)).toMatchObject({ edit: 'after', 'edit.kept': 'local' })
  })

  it('of a directory that moved under another name takes no move with it', async () => {
    const target = driftedTarget()
    renameSync(`${target}/dir`, `${target}/moved`)
    const { outcome } = await applyItems(items, target, { onConflict: 'skip' })
    expect(outcome).toBe('applied')
    expect(existsSync(`${target}/moved/inner/local`)).toBe(true)
  })
})

describe('a fault while conflicts are dealt with', () => {
  const choices: readonly Partial<ApplyOptions>[] = [
    { onConflict: 'skip' },
    { onConflict: 'overwrite' },
    { onConflict: 'keep-both' },
  ]
  it.each(choices)(
    'leaves a target that can be brought to either end: $onConflict',
    { timeout: 600_000 },
    async (options) => {
      const done = driftedTarget()
      const callCount = await withFault(0, { kind: 'kill' }, () => applyItems(items, done, options))
      for (let n = 1 + Math.floor(callCount / 3); n <= callCount; n += 7) {
        for (const direction of ['resume', 'roll-back'] as const) {
          // The test runner is told nothing for as long as nobody lets go of the thread.
          await setImmediate()
          const target = driftedTarget()
          await withFault(n, { kind: 'kill' }, () => applyItems(items, target, options))
          const left = readdirSync(target).some((name) => name.startsWith('.fsapply-'))
          const isEnded = left && tries(() => resume({ target: Buffer.from(target), direction, durable: false }))
          if (left && !isEnded) {
            const other = direction === 'resume' ? 'roll-back' : 'resume'
            resume({ target: Buffer.from(target), direction: other, durable: false })
          }
          const isNew = compareTrees(`${target}-copy`, target).length > 0
          if (isNew) expect(compareTrees(done, target).filter((line) => !line.startsWith(': mtime'))).toEqual([])
          else expect(compareTrees(`${target}-copy`, target)).toEqual([])
          removeTree(target)
        }
      }
    },
  )
})

function tries(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}
