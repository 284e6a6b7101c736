/** The tools of the other tests: trees are made as they are described, and the judge of two trees misses nothing. */
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compareTrees, hasRsync, rsyncDiff } from './compare-trees.ts'
import { file, link, makeTree, type Node, sparse, symlink } from './disk-tree.ts'
import { can, everyKind, isRoot, makeEveryKind } from './every-kind.ts'
import { listTree, mutateTree } from './mutate-tree.ts'
import { makeRandomTree, type RandomTreeOptions } from './random-tree.ts'
import { makeTempDir, removeTree, useTempDirs } from './temp-dir.ts'

const tempDir = useTempDirs()

function makeDir(path: string): string {
  mkdirSync(path)
  return path
}

function copyTree(from: string, to: string): void {
  execFileSync('cp', ['-a', '--sparse=always', '--', from, to])
}

describe('makeEveryKind', () => {
  it('makes everything this user can make, twice the same', () => {
    const [a, b] = [tempDir(), tempDir()]
    makeEveryKind(a, { deep: true, unreadable: true })
    makeEveryKind(b, { deep: true, unreadable: true })
    expect(compareTrees(`${a}/tree`, `${b}/tree`)).toEqual([])
    expect(compareTrees(a, a)).toEqual([])
  })

  it.skipIf(!hasRsync || !isRoot)('and rsync agrees', () => {
    const [a, b] = [tempDir(), tempDir()]
    makeEveryKind(a, { deep: false, unreadable: true })
    makeEveryKind(b, { deep: false, unreadable: true })
    expect(rsyncDiff(`${a}/tree`, `${b}/tree`)).toBe('')
  })

  it.skipIf(!isRoot)('sets times before 1970 and after 2106, modes, owners and devices', () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: false, unreadable: true })
    expect(lstatSync(`${root}/before-1970`, { bigint: true }).mtimeNs).toBe(-999_999_999_876_543_211n)
    expect(lstatSync(`${root}/after-2106`, { bigint: true }).mtimeNs).toBe(4_400_000_000_000_000_007n)
    expect(lstatSync(`${root}/setuid-setgid-sticky`).mode & 0o7777).toBe(0o7777)
    expect(lstatSync(`${root}/owned-large`).uid).toBe(4_294_967_294)
    expect(execFileSync('stat', ['-c', '%t:%T', `${root}/char-large`]).toString()).toBe('fff:fffff\n')
    expect(lstatSync(`${root}/sparse`).blocks * 512).toBeLessThan(100_000)
    expect(everyKind({ deep: true, unreadable: true }).length).toBeGreaterThan(50)
  })
})

describe('removeTree', () => {
  it('removes paths longer than PATH_MAX and directories without permissions', () => {
    const dir = makeTempDir()
    makeEveryKind(dir, { deep: true, unreadable: true })
    removeTree(dir)
    expect(existsSync(dir)).toBe(false)
  })
})

describe('compareTrees', () => {
  const cases: ReadonlyArray<readonly [what: string, a: Node, b: Node, line: RegExp]> = [
    ['a kind', file('x'), symlink('x'), /^x: kind: file, symlink$/],
    ['a mode', file('x', { mode: 0o600 }), file('x', { mode: 0o601 }), /^x: mode: 600, 601$/],
    ['a nanosecond', file('x', { mtime: [1, 5] }), file('x', { mtime: [1, 6] }), /^x: mtime: 1000000005, 1000000006$/],
    ['a size', file('x', { mtime: [1, 1] }), file('xy', { mtime: [1, 1] }), /^x: size: 1, 2$/],
    ['a byte', file('x', { mtime: [1, 1] }), file('y', { mtime: [1, 1] }), /^x: content: same, differs after 0$/],
    ['a target', symlink('a', { mtime: [1, 1] }), symlink('b', { mtime: [1, 1] }), /^x: target: a, b$/],
    ['a hole', sparse(9e6, [], { mtime: [1, 1] }), file(Buffer.alloc(9e6), { mtime: [1, 1] }), /allocated blocks/],
  ]
  it.each(cases)('sees %s', (_what, a, b, line) => {
    const dir = tempDir()
    makeTree(makeDir(`${dir}/a`), [['x', a]])
    makeTree(makeDir(`${dir}/b`), [['x', b]])
    const ignore = line.source.includes('mtime') || 'mtime' in a ? [] : ['mtime']
    const found = compareTrees(`${dir}/a`, `${dir}/b`, { ignore }).filter((text) => !text.startsWith(': mtime'))
    expect(found.filter((text) => line.test(text))).toHaveLength(1)
    expect(found).toHaveLength(1)
  })

  it('sees a name on either side', () => {
    const dir = tempDir()
    makeTree(makeDir(`${dir}/a`), [['left', file('')]])
    makeTree(makeDir(`${dir}/b`), [['right', file('')]])
    const found = compareTrees(`${dir}/a`, `${dir}/b`, { ignore: ['mtime'] })
    expect(found).toEqual(['left: exists: true, false', 'right: exists: false, true'])
  })

  it('sees a link structure with the same counts', () => {
    const dir = tempDir()
    const times = { mtime: [1, 1] as const }
    makeTree(makeDir(`${dir}/a`), [
      ['1', file('', times)],
      ['2', link('1')],
      ['3', file('', times)],
      ['4', link('3')],
    ])
    makeTree(makeDir(`${dir}/b`), [
      ['1', file('', times)],
      ['3', link('1')],
      ['2', file('', times)],
      ['4', link('2')],
    ])
    const found = compareTrees(`${dir}/a`, `${dir}/b`, { ignore: ['mtime'] })
    expect(found).toEqual(['2: linked to: 1, 2', '3: linked to: 3, 1', '4: linked to: 3, 2'])
  })

  it.skipIf(!can.userXattrs)('sees an attribute', () => {
    const dir = tempDir()
    makeTree(makeDir(`${dir}/a`), [['x', file('', { xattrs: { 'user.a': '1' } })]])
    makeTree(makeDir(`${dir}/b`), [['x', file('', { xattrs: { 'user.a': '2' } })]])
    const found = compareTrees(`${dir}/a`, `${dir}/b`, { ignore: ['mtime'] })
    expect(found).toEqual(['x: xattrs: user.a=31, user.a=32'])
  })
})

describe('random trees', () => {
  const options: RandomTreeOptions = { seed: 7, entryCount: 400, odd: true }
  it('are the same for the same seed, also after changes', () => {
    const [a, b] = [tempDir(), tempDir()]
    makeRandomTree(makeDir(`${a}/t`), options)
    makeRandomTree(makeDir(`${b}/t`), options)
    expect(compareTrees(`${a}/t`, `${b}/t`, { ignore: ['mtime'] })).toEqual([])
    expect(listTree(`${a}/t`)).toHaveLength(400)
    const change = { seed: 8, changeCount: 200, odd: true }
    expect(mutateTree(`${a}/t`, change)).toEqual(mutateTree(`${b}/t`, change))
    expect(compareTrees(`${a}/t`, `${b}/t`, { ignore: ['mtime'] })).toEqual([])
  })

  it('change where they are changed', () => {
    const dir = tempDir()
    makeRandomTree(makeDir(`${dir}/a`), options)
    copyTree(`${dir}/a`, `${dir}/b`)
    expect(compareTrees(`${dir}/a`, `${dir}/b`)).toEqual([])
    mutateTree(`${dir}/b`, { seed: 3, changeCount: 50, odd: true })
    expect(compareTrees(`${dir}/a`, `${dir}/b`).length).toBeGreaterThan(20)
  })
})
