/** Half a move is none: what a part of a changeset, or a stream that somebody edited, tells of one end alone takes nothing away. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { State } from '../../../src/base/constants.ts'
import { bytesAt } from '../../../src/model/bytes-column.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { selectRows } from '../../../src/tree/select-rows.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, noRules } from '../../support/apply-tree.ts'
import { applyWay } from '../../support/apply-ways.ts'
import { changeTo, itemsIn } from '../../support/change-to.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const before = {
  file: Buffer.from('moves'),
  'dir/a': Buffer.from('goes along'),
  'to/x': Buffer.from('x'),
  y: Buffer.from('y'),
}

/** A file and a directory move to where others are; `to/x` and `y` change places. */
function edit(tree: string): void {
  renameSync(`${tree}/file`, `${tree}/to/file`)
  renameSync(`${tree}/dir`, `${tree}/to/dir`)
  renameSync(`${tree}/y`, `${tree}/z`)
  renameSync(`${tree}/to/x`, `${tree}/y`)
  renameSync(`${tree}/z`, `${tree}/to/x`)
}

/** The items without the rows that have an entry moved from, or to, one of these paths. */
function withoutEnd(items: readonly Item[], side: 'before' | 'after', other: string): Item[] {
  return items.flatMap((item): Item[] => {
    if (item.kind !== 'rows') return [item]
    const { moved } = item.batch[side] ?? { moved: null }
    const batch = selectRows(item.batch, (i) => moved === null || pathKey(bytesAt(moved, i)) !== other)
    return batch === null ? [] : [{ kind: 'rows', batch }]
  })
}

describe.each([
  ['a file that goes', 'after', 'file', 'file'],
  ['a file that comes', 'before', 'to/file', 'to/file'],
  ['a directory that goes', 'after', 'dir', 'dir'],
  ['a directory that comes', 'before', 'to/dir', 'to/dir'],
] as const)('one end alone: %s', (_, side, other, path) => {
  it.each([
    ['an apply', {}],
    ['a dry run', { dryRun: true }],
    ['an apply in place', { isDirect: true }],
  ] as const)('is a conflict for %s, and nothing is changed', async (_, way) => {
    const { target, bytes } = await changeTo(tempDir(), before, edit)
    copyTree(target, `${target}-was`)
    const { outcome, findings } = await applyWay(way, withoutEnd(await itemsIn(bytes), side, other), target)
    expect(outcome).toBe('conflicts')
    expect(findings.conflicts.map((conflict) => [pathKey(conflict.path), conflict.state])).toEqual([
      [path, State.missing],
    ])
    expect(compareTrees(`${target}-was`, target)).toEqual([])
  })

  it('is left out where conflicts are, and the rest is done', async () => {
    const { target, bytes } = await changeTo(tempDir(), before, edit)
    const items = withoutEnd(await itemsIn(bytes), side, other)
    const { outcome, findings } = await applyWay({ onConflict: 'skip' }, items, target)
    expect(outcome).toBe('applied')
    expect(findings.conflicts.map((conflict) => pathKey(conflict.path))).toEqual([path])
    const name = path.replace('to/', '')
    expect([existsSync(`${target}/${name}`), existsSync(`${target}/to/${name}`)]).toEqual([true, false])
    expect(readFileSync(`${target}/y`, 'utf8')).toBe('x')
  })
})

describe('a part of a changeset that has one end of a move', () => {
  it.each([
    ['file', ['file', 'to/file']],
    ['/to/file', ['file', 'to/file']],
    ['/dir', ['dir', 'to/dir']],
    ['/to/dir', ['dir', 'to/dir']],
    ['/y', ['to/x', 'y']],
    ['/to/x', ['to/x', 'y']],
  ])('has the other one too: %s', async (pattern, paths) => {
    const { tree, target, bytes } = await changeTo(tempDir(), before, edit)
    copyTree(target, `${target}-was`)
    const rules = { ...noRules, only: [pattern] }
    const report = await applyItems(await itemsIn(bytes), target, { rules })
    expect(report.outcome, JSON.stringify(report.findings)).toBe('applied')
    const differing = compareTrees(`${target}-was`, target).map((line) => line.split(': ')[0]!)
    const isNamed = (path: string) => paths.some((name) => path === name || path.startsWith(`${name}/`))
    expect(differing.filter((path) => !['.', 'to', ''].includes(path) && !isNamed(path))).toEqual([])
    for (const path of paths) expect(differing).toContain(path)
    const left = compareTrees(tree, target).map((line) => line.split(': ')[0]!)
    expect(left.filter(isNamed)).toEqual([])
  })

  it('is a conflict where the file was edited at the target', async () => {
    const { target, bytes } = await changeTo(tempDir(), before, edit)
    writeFileSync(`${target}/file`, 'edited')
    copyTree(target, `${target}-was`)
    const rules = { ...noRules, only: ['/to/file'] }
    const { outcome, findings } = await applyItems(await itemsIn(bytes), target, { rules })
    expect([outcome, findings.conflicts.map(({ path }) => pathKey(path))]).toEqual(['conflicts', ['file']])
    expect(compareTrees(`${target}-was`, target)).toEqual([])
  })
})
