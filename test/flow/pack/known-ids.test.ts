/** Contents that the tree before holds, by ids alone: they are not sent, wherever they are wanted; and a target that lacks them is left alone. */
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pathKey } from '../../../src/model/path.ts'
import { runLine } from '../../cli/run.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems } from '../../support/apply-tree.ts'
import { changeTo, expectApplied, type Files, itemsIn, write } from '../../support/change-to.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { makePrng } from '../../support/prng.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const random = makePrng(23)

/** Bytes that do not compress: what is sent of them is seen in the length of the stream. */
const noise = (length: number): Buffer => Buffer.from(random.bytes(length))

const [a, b] = [noise(200_000), noise(1_500_000)]

describe('a content of the tree before costs a recipe', () => {
  it.each<[string, Files, (tree: string) => void]>([
    ['a copy beside its original', { a }, (tree) => copyFileSync(`${tree}/a`, `${tree}/b`)],
    ['of several pieces', { b }, (tree) => write(tree, { 'd/copy': b })],
    [
      'copied twice, the original gone',
      { a },
      (tree) => {
        write(tree, { 'd/x': a, 'd/y': a })
        rmSync(`${tree}/a`)
      },
    ],
    [
      'moved and replaced by another',
      { a, b },
      (tree) => {
        renameSync(`${tree}/a`, `${tree}/c`)
        write(tree, { a: b })
      },
    ],
    ['swapped, and copied', { a, b }, (tree) => write(tree, { a: b, b: a, c: a, d: b })],
    ['back over what was edited', { a, b }, (tree) => write(tree, { b: a })],
    [
      'below a directory that moves',
      { 'd/a': a, 'd/b': b },
      (tree) => {
        renameSync(`${tree}/d`, `${tree}/e`)
        write(tree, { 'e/copy': a, f: b })
      },
    ],
  ])('%s', async (_, before, edit) => {
    const change = await changeTo(tempDir(), before, edit, false, false)
    const items = await itemsIn(change.bytes)
    expect(items.filter(({ kind }) => kind === 'content')).toEqual([])
    expect(change.bytes.length).toBeLessThan(3000)
    await expectApplied(change)
  })

  it('what is new is sent, and only that', async () => {
    const edit = (tree: string) => write(tree, { a: b, new: noise(30_000), small: Buffer.from('small') })
    const change = await changeTo(tempDir(), { a, b }, edit, false, false)
    expect(change.bytes.length).toBeGreaterThan(30_000)
    expect(change.bytes.length).toBeLessThan(33_000)
    await expectApplied(change)
  })

  it('with the tree itself at hand, what is new in a file is compared with its old bytes', async () => {
    const edit = (tree: string) => write(tree, { a: Buffer.concat([a, Buffer.from('!')]), c: b })
    const change = await changeTo(tempDir(), { a, b }, edit, true, false)
    expect(change.bytes.length).toBeLessThan(3000)
    await expectApplied(change)
  })
})

it.each([
  [
    'other bytes under the same size and time',
    (path: string) => {
      const { atime, mtime } = statSync(path)
      writeFileSync(path, noise(a.length))
      utimesSync(path, atime, mtime)
    },
  ],
  ['no such file', (path: string) => rmSync(path)],
])('a target that has %s is left as it is', async (_, spoil) => {
  const change = await changeTo(tempDir(), { a, z: b }, (tree) => write(tree, { b: a, z: noise(9) }), false, false)
  const { target, bytes } = change
  spoil(`${target}/a`)
  copyTree(target, `${target}-was`)
  const { outcome, findings } = await applyItems(await itemsIn(bytes), target)
  expect(outcome).toBe('conflicts')
  expect(findings.conflicts.map(({ path }) => pathKey(path))).toEqual(['b'])
  expect(compareTrees(`${target}-was`, target)).toEqual([])
})

describe('the commands', () => {
  async function made(old: string, change: string): Promise<{ dir: string; size: number }> {
    const dir = tempDir()
    for (const name of ['tree', 'target']) mkdirSync(`${dir}/${name}`)
    write(`${dir}/tree`, { a, 'd/b': b })
    rmSync(`${dir}/target`, { recursive: true })
    copyTree(`${dir}/tree`, `${dir}/target`)
    const first = await runLine(`${old} > old.cs`, dir)
    expect(first.status, first.stderr).toBe(0)
    write(`${dir}/tree`, { copy: a, a: b })
    const second = await runLine(`fsscan --hash tree > new.cs; ${change} > change.cs; fsapply target < change.cs`, dir)
    expect(second.status, second.stderr).toBe(0)
    expect(compareTrees(`${dir}/tree`, `${dir}/target`)).toEqual([])
    return { dir, size: statSync(`${dir}/change.cs`).size }
  }

  it.each([
    ['fsdiff, of two snapshots', 'fsscan --hash tree', 'fsdiff old.cs new.cs'],
    ['fsdiff, of a snapshot and a directory', 'fsscan --hash tree', 'fsdiff --hash old.cs tree'],
    ['fsdiff, of a snapshot with contents', 'fsscan tree | fspack', 'fsdiff old.cs new.cs'],
    ['fspack --old', 'fsscan --hash tree', 'fsdiff --no-data old.cs new.cs | fspack --old old.cs'],
    ['fspack --old, of rows without ids', 'fsscan --hash tree', 'fsdiff --no-data old.cs tree | fspack --old old.cs'],
  ])('%s', async (_, old, change) => {
    const { size } = await made(old, change)
    expect(size).toBeLessThan(3000)
  })

  it('a snapshot without ids tells nothing', async () => {
    const { size } = await made('fsscan tree', 'fsdiff old.cs new.cs')
    expect(size).toBeGreaterThan(a.length + b.length)
  })

  it('fspack --old wants a snapshot', async () => {
    const { dir } = await made('fsscan --hash tree', 'fsdiff old.cs new.cs')
    const result = await runLine('fsdiff --no-data old.cs new.cs | fspack --old change.cs > no.cs', dir)
    expect(result.status).toBe(3)
    expect(result.stderr).toContain('a snapshot is needed')
  })
})
