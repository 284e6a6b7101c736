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
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApplyOptions } from '../../../src/flow/apply/apply-options.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, changeset } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, link, makeTree, symlink, type TreeSpec } from '../../support/disk-tree.ts'
import { atEveryCall, callsOf, endStage, isTorture, kill, stagesOf, withoutRootTime } from '../../support/every-call.ts'
import { withFault } from '../../support/fault-calls.ts'
import { makeQuickDir, removeTree, useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs(makeQuickDir)
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
  dir = makeQuickDir()
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

  it('that is overwritten keeps a directory in a new tree as well', async () => {
    const target = driftedTarget()
    rmSync(`${target}/edit`)
    mkdirSync(`${target}/edit`)
    const { outcome } = await applyItems(items, target, { onConflict: 'overwrite', atomic: { oldTree: null } })
    expect(outcome).toBe('applied')
    expect(readFileSync(`${target}/edit`, 'utf8')).toBe('after')
    expect(readdirSync(`${target}/edit.kept`)).toEqual([])
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

  it('below a directory that is gone is left out, and what is below that as well', async () => {
    const dir = tempDir()
    for (const name of ['before', 'after', 'target']) {
      mkdirSync(`${dir}/${name}`)
      makeTree(
        `${dir}/${name}`,
        [
          ['a', directory()],
          ['a/b', directory()],
          ['a/b/file', file('x')],
          ['other', file('x')],
        ],
        time,
      )
    }
    chmodSync(`${dir}/after/a/b`, 0o700)
    writeFileSync(`${dir}/after/a/b/new`, 'new')
    writeFileSync(`${dir}/after/other`, 'new')
    rmSync(`${dir}/target/a`, { recursive: true })
    for (const onConflict of ['skip', 'keep-both', 'overwrite'] as const) {
      copyTree(`${dir}/target`, `${dir}/${onConflict}`)
      const { outcome } = await applyItems(await changeset(`${dir}/before`, `${dir}/after`), `${dir}/${onConflict}`, {
        onConflict,
      })
      expect(outcome).toBe('applied')
      expect(readdirSync(`${dir}/${onConflict}`)).toEqual(['other'])
      expect(readFileSync(`${dir}/${onConflict}/other`, 'utf8')).toBe('new')
    }
  })

  it('of a directory that moved under another name takes no move with it', async () => {
    const target = driftedTarget()
    renameSync(`${target}/dir`, `${target}/moved`)
    const { outcome } = await applyItems(items, target, { onConflict: 'skip' })
    expect(outcome).toBe('applied')
    expect(existsSync(`${target}/moved/inner/local`)).toBe(true)
  })
})

describe('a process that dies while conflicts are dealt with', () => {
  const choices: readonly [what: string, options: (target: string) => Partial<ApplyOptions>][] = [
    ['skip', () => ({ onConflict: 'skip' })],
    ['overwrite', () => ({ onConflict: 'overwrite' })],
    ['overwrite, to a folder', (target) => ({ onConflict: 'overwrite', backup: Buffer.from(`${target}-kept`) })],
    ['keep-both', () => ({ onConflict: 'keep-both' })],
  ]
  it.each(choices)(
    'leaves a target that can be brought to either end: %s',
    { timeout: 1_000_000 },
    async (_, options) => {
      const run = (target: string) => applyItems(items, target, options(target))
      const done = driftedTarget()
      const calls = await callsOf(() => run(done))
      let target = driftedTarget()
      await atEveryCall(calls, async (n) => {
        const ways = ['resume', 'roll-back'] as const
        for (const way of isTorture ? ways : [ways[n % 2]!]) {
          const what = `${way} at ${n}, ${calls[n - 1]}`
          await withFault(n, kill, () => run(target))
          if (stagesOf(target).length > 0) endStage(target, way)
          if (compareTrees(`${target}-copy`, target).length === 0) continue
          expect(withoutRootTime(compareTrees(done, target)), what).toEqual([])
          target = driftedTarget()
        }
      })
    },
  )
})
