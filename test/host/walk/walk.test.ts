/** walk: what fails or changes under its feet becomes a problem in its place, and all else is there. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { closeFd, openRoot } from '../../../src/host/entry/dir.ts'
import { Errno } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import { createWalker, pendingRoot, type WalkOptions } from '../../../src/host/walk/walk.ts'
import { pathKey } from '../../../src/model/path.ts'
import type { Piece } from '../../../src/model/piece.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { directory, fifo, file, makeTree, sparse, symlink, type TreeSpec } from '../../support/disk-tree.ts'
import { isRoot } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const real = { ...libc }

afterEach(() => {
  Object.assign(libc, real)
})

function treeOf(spec: TreeSpec): string {
  const root = tempDir()
  makeTree(root, spec, [1_500_000_000, 1])
  return root
}

const plainTree: TreeSpec = [
  ['a/x', file('x')],
  ['a/y', file('y')],
  ['b', symlink('a')],
  ['c', file('c')],
  ['d/e/f', file('f')],
]

/** Rows as paths and problems as '! code path detail', in their places. */
function walk(root: string, more: Partial<WalkOptions> = {}, rowCountMax = 1e9): string[] {
  const rootFd = openRoot(Buffer.from(root))
  const options = { rootFd, oneFileSystem: false, xattrs: true, outputFile: null, isExcluded: null, ownsThread: false }
  const walker = createWalker({ ...options, racySinceSec: 1e12, ...more })
  const pending = pendingRoot()
  const lines: string[] = []
  while (pending.length > 0) for (const piece of walker.walk(pending, rowCountMax)) lines.push(...linesOf(piece))
  walker.close()
  closeFd(rootFd)
  return lines
}

function linesOf({ batch, problems }: Piece): string[] {
  const rows = batch === null ? [] : rowsOf(batch).map(({ path }) => pathKey(path))
  const lines: string[] = []
  for (let i = 0; i <= rows.length; i++) {
    for (const { rowCount, problem } of problems) {
      if (rowCount === i) lines.push(`! ${problem.code} ${pathKey(problem.path)} ${problem.detail}`)
    }
    if (i < rows.length) lines.push(rows[i]!)
  }
  return lines
}

const all = ['', 'a', 'b', 'c', 'd', 'a/x', 'a/y', 'd/e', 'd/e/f']

/** Does something once, before the nth call of a function. */
function meddle(name: 'openat' | 'readlinkat' | 'getdents64', n: number, act: () => void): void {
  let count = 0
  const call = real[name] as (...args: number[]) => number
  Object.assign(libc, {
    [name]: (...args: number[]) => {
      if (++count === n) act()
      return call(...args)
    },
  })
}

/** All ways to list attributes answer with an error. Returns how often they were asked. */
function failXattrs(errno: number): () => number {
  let count = 0
  const fail = (): number => {
    count++
    real.setErrno(errno)
    return -1
  }
  Object.assign(libc, { flistxattr: fail, llistxattr: fail })
  const { listxattrat } = real
  // The first question is whether the kernel has the call at all.
  libc.listxattrat = (fd, path, flags, list, size) => {
    libc.listxattrat = fail
    return listxattrat(fd, path, flags, list, size)
  }
  return () => count
}

test('rows come in row order, whatever is walked at a time', () => {
  const root = treeOf(plainTree)
  for (const rowCountMax of [1e9, 1, 3]) expect(walk(root, {}, rowCountMax)).toEqual(all)
})

describe('a tree that changes', () => {
  test('a name that is gone when it is looked at', () => {
    const root = treeOf(plainTree)
    meddle('getdents64', 2, () => unlinkSync(`${root}/c`))
    expect(walk(root)).toEqual(['', 'a', 'b', '! vanished c ENOENT', 'd', 'a/x', 'a/y', 'd/e', 'd/e/f'])
  })

  test('a directory that is gone when it is entered', () => {
    const root = treeOf(plainTree)
    meddle('openat', 2, () => rmSync(`${root}/a`, { recursive: true }))
    expect(walk(root)).toEqual(['', 'a', 'b', 'c', 'd', '! vanished a ENOENT', 'd/e', 'd/e/f'])
  })

  test('a directory that has become a symlink is not followed', () => {
    const root = treeOf(plainTree)
    meddle('openat', 2, () => {
      renameSync(`${root}/a`, `${root}/away`)
      symlinkSync('/etc', `${root}/a`)
    })
    expect(walk(root)).toEqual(['', 'a', 'b', 'c', 'd', '! changed a ENOTDIR', 'd/e', 'd/e/f'])
  })

  test('a symlink that has become a file', () => {
    const root = treeOf(plainTree)
    meddle('readlinkat', 1, () => {
      unlinkSync(`${root}/b`)
      writeFileSync(`${root}/b`, '')
    })
    expect(walk(root)).toEqual(['', 'a', '! changed b EINVAL', 'c', 'd', 'a/x', 'a/y', 'd/e', 'd/e/f'])
  })

  test('a directory that grows while it is read', () => {
    const root = treeOf(plainTree)
    meddle('getdents64', 2, () => mkdirSync(`${root}/z`))
    expect(walk(root).filter((path) => path !== 'z')).toEqual(all)
  })
})

describe('calls that fail', () => {
  /** Calls whose failure loses something, on the way through the tree. */
  const names = ['statx', 'openat', 'getdents64', 'readlinkat'] as const

  function failing(name: (typeof names)[number], n: number, errno: number): string[] {
    const root = treeOf(plainTree)
    let count = 0
    const call = real[name] as (...args: number[]) => number
    const fail = (): number => {
      real.setErrno(errno)
      return -1
    }
    Object.assign(libc, { [name]: (...args: number[]) => (++count === n ? fail() : call(...args)) })
    const lines = walk(root)
    Object.assign(libc, real)
    return lines
  }

  test.each(names)('EINTR of %s is tried again', (name) => {
    // getdents64 is never interrupted for a directory on disk.
    if (name === 'getdents64') return
    for (let n = 1; n < 14; n++) expect(failing(name, n, Errno.EINTR)).toEqual(all)
  })

  test.each(names)('EIO of %s is a problem, and what does not lie below is there', (name) => {
    for (let n = name === 'openat' ? 2 : 3; n < 20; n++) {
      const lines = failing(name, n, Errno.EIO)
      const problems = lines.filter((line) => line.startsWith('!'))
      if (problems.length === 0) expect(lines).toEqual(all)
      else expect(problems.length).toBe(1)
      const lost = problems[0]?.split(' ')[2]
      const kept = all.filter((path) => path !== lost && !(lost !== undefined && path.startsWith(`${lost}/`)))
      expect(lines).toEqual(expect.arrayContaining(name === 'getdents64' && lost === '' ? [''] : kept))
    }
  })

  test('attributes that may not be read', () => {
    const root = treeOf([['a', file('')]])
    failXattrs(Errno.EACCES)
    expect(walk(root)).toEqual(['! xattrs-unreadable  EACCES', '', '! xattrs-unreadable a EACCES', 'a'])
  })

  test('a filesystem without attributes is asked once', () => {
    const root = treeOf(plainTree)
    const count = failXattrs(Errno.ENOTSUP)
    expect(walk(root)).toEqual(all)
    expect(count()).toBe(1)
  })
})

test('fifos are not opened, nor sparse files where that is refused', () => {
  const root = treeOf([
    ['fifo', fifo()],
    ['hole', sparse(1_000_000, [])],
  ])
  let count = 0
  libc.openat = (fd, path, flags, mode) => {
    if (++count === 1) return real.openat(fd, path, flags, mode)
    real.setErrno(Errno.EACCES)
    return -1
  }
  expect(walk(root)).toEqual(['', 'fifo', 'hole'])
  expect(count).toBe(2)
})

describe('system calls', () => {
  test.each([
    [false, 1.1],
    [true, 2.1],
  ])('with xattrs %s, at most %f a file', (xattrs, most) => {
    const root = treeOf([['d', directory()]])
    for (let i = 0; i < 300; i++) writeFileSync(`${root}/d/${i}`, '')
    let count = 0
    for (const [name, call] of Object.entries(real)) {
      if (name === 'errno' || name === 'setErrno') continue
      Object.assign(libc, {
        [name]: (...args: number[]) => {
          count++
          return (call as (...args: number[]) => number)(...args)
        },
      })
    }
    expect(walk(root, { xattrs }).length).toBe(302)
    expect(count / 300).toBeLessThanOrEqual(most)
  })
})

describe.skipIf(!isRoot)('mount points', () => {
  test('are rows and notes with oneFileSystem, and are entered without', () => {
    const root = treeOf([['m', directory()]])
    try {
      execFileSync('mount', ['-t', 'tmpfs', 'none', `${root}/m`], { stdio: 'ignore' })
    } catch {
      return
    }
    try {
      writeFileSync(`${root}/m/x`, '')
      expect(walk(root, { oneFileSystem: true })).toEqual(['', '! other-filesystem m ', 'm'])
      expect(walk(root)).toEqual(['', 'm', 'm/x'])
    } finally {
      execFileSync('umount', [`${root}/m`])
    }
  })
})
