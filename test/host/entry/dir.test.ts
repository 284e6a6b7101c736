/** Directories by descriptor: names in byte order, paths of any length, no symlink followed, levels kept open or not. */
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { absolutePath, closeFd, namesOf, openDir, openName, openRoot } from '../../../src/host/entry/dir.ts'
import { createDirNames, type DirNames, readDirNames } from '../../../src/host/entry/dir-names.ts'
import { DirStack } from '../../../src/host/entry/dir-stack.ts'
import { statxFd, stx } from '../../../src/host/entry/statx.ts'
import { nameAddress } from '../../../src/host/native/c-string.ts'
import { Errno, O_DIRECTORY, O_RDONLY } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import { directory, file, makeTree } from '../../support/disk-tree.ts'
import { makePrng } from '../../support/prng.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const bytes = (text: string) => Buffer.from(text)
const real = { ...libc }

afterEach(() => {
  Object.assign(libc, real)
})

function sortedNames(names: DirNames): string[] {
  const { heap, starts, ends, order, count } = names
  return Array.from(order.subarray(0, count), (k) => Buffer.from(heap.slice(starts[k]!, ends[k]!)).toString('latin1'))
}

function inoOf(fd: number): bigint {
  expect(statxFd(fd)).toBe(0)
  return stx.ino()
}

describe('readDirNames', () => {
  function check(dir: string): number {
    const names = createDirNames()
    const fd = openRoot(bytes(dir))
    expect(readDirNames(names, fd)).toBe(0)
    closeFd(fd)
    const wanted = readdirSync(dir, { encoding: 'buffer' }).sort(Buffer.compare)
    expect(sortedNames(names)).toEqual(wanted.map((name) => name.toString('latin1')))
    return names.count
  }

  test.each([0, 1, 2, 12, 13, 60, 1_200])('%i random names', (count) => {
    const dir = tempDir()
    const prng = makePrng(count)
    for (let i = 0; i < count; i++) {
      // Long common prefixes, short names that are prefixes of longer ones, bytes from 1 to 255.
      const length = 1 + prng.below(prng.oneIn(4) ? 250 : 9)
      const name = Buffer.from(Array.from({ length }, () => prng.pick([97, 97, 97, 98, 255, 1, 32, 200])))
      writeFileSync(Buffer.concat([bytes(`${dir}/`), name]), '')
    }
    check(dir)
  })

  test('names with a common prefix and numbers', () => {
    const dir = tempDir()
    for (let i = 0; i < 500; i++) writeFileSync(`${dir}/a-long-common-prefix-${i}`, '')
    expect(check(dir)).toBe(500)
  })

  test('a name that the kernel gives twice is there once', () => {
    const dir = tempDir()
    for (const name of ['b', 'a', 'c']) writeFileSync(`${dir}/${name}`, '')
    const fd = openRoot(bytes(dir))
    let calls = 0
    libc.getdents64 = (...args) => {
      if (++calls === 2) real.lseek(fd, 0, 0)
      return real.getdents64(...args)
    }
    const names = createDirNames()
    expect(readDirNames(names, fd)).toBe(0)
    closeFd(fd)
    expect(calls).toBe(3)
    expect(sortedNames(names)).toEqual(['a', 'b', 'c'])
  })

  test('an error leaves the names before it', () => {
    const dir = tempDir()
    writeFileSync(`${dir}/x`, '')
    const fd = openRoot(bytes(dir))
    let calls = 0
    libc.getdents64 = (...args) => {
      if (++calls === 1) return real.getdents64(...args)
      real.setErrno(Errno.EIO)
      return -1
    }
    const names = createDirNames()
    expect(readDirNames(names, fd)).toBe(-1)
    expect(libc.errno()).toBe(Errno.EIO)
    closeFd(fd)
    expect(sortedNames(names)).toEqual(['x'])
  })
})

describe('DirStack', () => {
  const deep = Array(30).fill('d'.repeat(250)).join('/')

  test('enters paths in any order, longer than PATH_MAX too', () => {
    const root = tempDir()
    makeTree(root, [
      [deep, directory()],
      ['a/b/c', directory()],
      ['a/b2', directory()],
      ['ab', directory()],
    ])
    const rootFd = openRoot(bytes(root))
    const stack = new DirStack(rootFd)
    const open = readdirSync('/proc/self/fd').length
    const paths = ['', 'a', 'a/b', 'a/b/c', 'a/b2', 'ab', deep, 'a/b/c', '', deep.slice(0, 250), deep, 'a']
    for (const path of paths) {
      const fd = stack.enter(bytes(path))
      const wanted = openDir(rootFd, bytes(path))
      expect(inoOf(fd), path).toBe(inoOf(wanted))
      closeFd(wanted)
    }
    stack.close()
    expect(readdirSync('/proc/self/fd').length).toBe(open)
    closeFd(rootFd)
  })

  test('a comb deeper than the levels kept open', () => {
    const root = tempDir()
    const levels = Array.from({ length: 150 }, (_, k) => 'x/'.repeat(k))
    makeTree(
      root,
      levels.map((level) => [`${level}side`, directory()] as const),
    )
    const rootFd = openRoot(bytes(root))
    const stack = new DirStack(rootFd)
    const open = readdirSync('/proc/self/fd').length
    for (const level of levels) stack.enter(bytes(`${level}x`.replace(/x$/, 'side')))
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(open + 80)
    for (const level of levels.toReversed()) {
      const wanted = openDir(rootFd, bytes(`${level}side`))
      expect(inoOf(stack.enter(bytes(`${level}side`)))).toBe(inoOf(wanted))
      closeFd(wanted)
    }
    stack.close()
    closeFd(rootFd)
  })

  test('a symlink in the place of a directory is refused, and what comes after it is entered', () => {
    const root = tempDir()
    makeTree(root, [
      ['real/inner', directory()],
      ['other', directory()],
    ])
    symlinkSync('real', `${root}/link`)
    const rootFd = openRoot(bytes(root))
    const stack = new DirStack(rootFd)
    expect(stack.enter(bytes('link/inner'))).toBe(-1)
    expect([Errno.ENOTDIR, Errno.ELOOP]).toContain(libc.errno())
    expect(stack.enter(bytes('gone/inner'))).toBe(-1)
    expect(libc.errno()).toBe(Errno.ENOENT)
    expect(stack.enter(bytes('other'))).toBeGreaterThan(0)
    renameSync(`${root}/real`, `${root}/moved`)
    expect(stack.enter(bytes('real'))).toBe(-1)
    expect(stack.enter(bytes('moved/inner'))).toBeGreaterThan(0)
    stack.close()
    closeFd(rootFd)
  })

  test('where descriptors run out, the upper levels are given up', () => {
    const root = tempDir()
    mkdirSync(`${root}/a/b/c/d`, { recursive: true })
    const rootFd = openRoot(bytes(root))
    let open = 0
    libc.openat = (...args) => {
      if (open === 2) {
        real.setErrno(Errno.EMFILE)
        return -1
      }
      open++
      return real.openat(...args)
    }
    libc.close = (fd) => {
      open--
      return real.close(fd)
    }
    const stack = new DirStack(rootFd)
    const fd = stack.enter(bytes('a/b/c/d'))
    stack.close()
    Object.assign(libc, real)
    expect(fd).toBeGreaterThan(0)
    expect(open).toBe(0)
    closeFd(rootFd)
  })
})

describe('openRoot and openDir', () => {
  test('a root longer than PATH_MAX', () => {
    const root = tempDir()
    const path = Array(20).fill('p'.repeat(250)).join('/')
    makeTree(root, [[`${path}/x`, file('')]])
    const fd = openRoot(bytes(`${root}/${path}`))
    expect(namesOf(fd, bytes(path)).map((name) => Buffer.from(name).toString())).toEqual(['x'])
    closeFd(fd)
  })

  test('the root alone may be a symlink', () => {
    const dir = tempDir()
    mkdirSync(`${dir}/real/inner`, { recursive: true })
    symlinkSync('real', `${dir}/link`)
    const fd = openRoot(bytes(`${dir}/link`))
    expect(Buffer.from(absolutePath(fd)).toString()).toBe(`${dir}/real`)
    closeFd(fd)
    const rootFd = openRoot(bytes(dir))
    expect(() => openDir(rootFd, bytes('link/inner'))).toThrow(expect.objectContaining({ name: 'HostError' }))
    expect(openName(rootFd, bytes('nothing'), O_RDONLY | O_DIRECTORY)).toBe(-1)
    closeFd(rootFd)
  })
})

test('a name with NUL is never passed on', () => {
  expect(() => nameAddress(Buffer.from('a\0b'))).toThrow(expect.objectContaining({ name: 'BugError' }))
})
