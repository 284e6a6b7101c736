/** A target that is not what the changeset expects: every conflict is told, nothing at all is changed. */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { stateWords } from '../../../src/model/words.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, changeset, recordWithData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, link, makeTree, symlink, type TreeSpec } from '../../support/disk-tree.ts'
import { makeTempDir, removeTree, useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_500_000_000, 0] as const

const before: TreeSpec = [
  ['chmod', file('x', { mode: 0o600 })],
  ['delete', file('delete me')],
  ['dir', directory()],
  ['dir/inner', directory()],
  ['dir/inner/file', file('x')],
  ['edit', file('before')],
  ['group-1', file('two names')],
  ['group-2', link('group-1')],
  ['link', symlink('edit')],
  ['sub', directory()],
  ['sub/file', file('x')],
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
  chmodSync(`${tree}/chmod`, 0o640)
  rmSync(`${tree}/delete`)
  rmSync(`${tree}/dir`, { recursive: true })
  writeFileSync(`${tree}/edit`, 'after!')
  appendFileSync(`${tree}/group-1`, ', more')
  rmSync(`${tree}/link`)
  symlinkSync('chmod', `${tree}/link`)
  writeFileSync(`${tree}/new`, 'new')
  mkdirSync(`${tree}/new-dir`)
  writeFileSync(`${tree}/new-dir/file`, 'new')
  writeFileSync(`${tree}/sub/new`, 'new')
  items = await changeset(`${dir}/before`, tree)
  return () => removeTree(dir)
})

/** What happened at the target, and what is told of it. */
const cases: readonly [what: string, drift: (target: string) => void, told: string[]][] = [
  ['an edited file', (t) => appendFileSync(`${t}/edit`, 'local'), ['changed edit']],
  ['an edit that size and time hide', hideEdit, ['changed edit']],
  ['an edit of what is to go', (t) => appendFileSync(`${t}/delete`, 'local'), ['changed delete']],
  ['another mode', (t) => chmodSync(`${t}/chmod`, 0o666), ['changed chmod']],
  ['a file that is gone', (t) => rmSync(`${t}/edit`), ['missing edit']],
  ['a symlink that leads elsewhere', (t) => replaceLink(t), ['changed link']],
  ['another kind', (t) => replaceByDir(`${t}/edit`), ['type edit']],
  ['a kind that is to go', (t) => replaceByDir(`${t}/delete`), ['type delete']],
  ['a name that is taken', (t) => writeFileSync(`${t}/new`, 'local'), ['exists new']],
  [
    'a directory name that is taken',
    (t) => writeFileSync(`${t}/new-dir`, 'x'),
    ['exists new-dir', 'parent new-dir/file'],
  ],
  ['a file that nobody named', (t) => writeFileSync(`${t}/dir/inner/local`, 'x'), ['exists dir/inner/local']],
  ['a file above those', (t) => writeFileSync(`${t}/dir/local`, 'x'), ['exists dir/local']],
  ['a directory that is gone', (t) => rmSync(`${t}/sub`, { recursive: true }), ['missing sub', 'parent sub/new']],
  ['a symlink in place of a directory', linkDir, ['type sub', 'parent sub/new']],
  ['links that are broken', (t) => unlink(t), ['links group-2']],
  ['a first name that is gone', (t) => rmSync(`${t}/group-1`), ['missing group-1', 'links group-2']],
  ['several', (t) => [appendFileSync(`${t}/edit`, 'x'), rmSync(`${t}/chmod`)], ['missing chmod', 'changed edit']],
]

function hideEdit(target: string): void {
  writeFileSync(`${target}/edit`, 'BEFORE')
  utimesSync(`${target}/edit`, time[0], time[0])
}

function replaceLink(target: string): void {
  unlinkSync(`${target}/link`)
  symlinkSync('elsewhere', `${target}/link`)
}

function replaceByDir(path: string): void {
  unlinkSync(path)
  mkdirSync(path)
}

function linkDir(target: string): void {
  renameSync(`${target}/sub`, `${target}/../outside-${Math.random()}`)
  symlinkSync('dir', `${target}/sub`)
}

function unlink(target: string): void {
  renameSync(`${target}/group-2`, `${target}/spare`)
  copyTree(`${target}/spare`, `${target}/group-2`)
  rmSync(`${target}/spare`)
}

describe('a conflict', () => {
  it.each(cases)('%s', async (_what, drift, told) => {
    const target = `${tempDir()}/target`
    copyTree(`${dir}/before`, target)
    drift(target)
    copyTree(target, `${target}-copy`)
    const ctime = lstatSync(`${target}/dir`, { bigint: true }).ctimeNs
    const { outcome, findings } = await applyItems(items, target)
    expect(outcome).toBe('conflicts')
    const found = findings.conflicts.map(({ path, state }) => `${stateWords[state]} ${pathKey(path)}`)
    expect(found.filter((line) => !line.endsWith(' '))).toEqual(told)
    expect(compareTrees(`${target}-copy`, target)).toEqual([])
    expect(lstatSync(`${target}/dir`, { bigint: true }).ctimeNs).toBe(ctime)
  })

  it('is none where the changeset is applied already', async () => {
    const target = `${tempDir()}/target`
    copyTree(`${dir}/after`, target)
    expect((await applyItems(items, target)).outcome).toBe('unchanged')
  })

  it('is none where a part is applied already', async () => {
    const target = `${tempDir()}/target`
    copyTree(`${dir}/before`, target)
    rmSync(`${target}/dir/inner`, { recursive: true })
    copyTree(`${dir}/after/new-dir`, `${target}/new-dir`)
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })

  it('of an edit is not seen with quick where size and time are equal', async () => {
    const target = `${tempDir()}/target`
    copyTree(`${dir}/before`, target)
    hideEdit(target)
    expect((await applyItems(items, target, { quick: true })).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })
})

describe('names outside of the tree', () => {
  it('keep their bytes and their mode', async () => {
    const root = tempDir()
    const target = `${root}/target`
    copyTree(`${dir}/before`, target)
    for (const name of ['chmod', 'edit', 'group-1']) linkSync(`${target}/${name}`, `${root}/${name}`)
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
    for (const name of ['chmod', 'edit', 'group-1']) {
      expect(compareTrees(`${dir}/before/${name}`, `${root}/${name}`, { ignore: ['links'] })).toEqual([])
    }
  })
})

describe('a snapshot', () => {
  it('is not restored over what is there', async () => {
    const target = tempDir()
    writeFileSync(`${target}/edit`, 'mine')
    const { outcome, findings } = await applyItems(recordWithData(`${dir}/before`), target)
    expect(outcome).toBe('conflicts')
    expect(findings.conflicts.map(({ path, state }) => `${stateWords[state]} ${pathKey(path)}`)).toEqual([
      'exists edit',
    ])
  })

  it('is restored beside what is there', async () => {
    const target = tempDir()
    writeFileSync(`${target}/other`, 'mine')
    expect((await applyItems(recordWithData(`${dir}/before`), target)).outcome).toBe('applied')
    expect(compareTrees(`${dir}/before`, target)).toEqual(['other: exists: false, true'])
  })
})
