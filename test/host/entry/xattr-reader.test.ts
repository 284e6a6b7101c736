/** Extended attributes: three ways to ask, one answer; what is removed or refused on the way. */
import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { closeFd, namesOf, openName, openRoot } from '../../../src/host/entry/dir.ts'
import { atCalls, createXattrCalls, cwdCalls, procCalls, type XattrCalls } from '../../../src/host/entry/xattr-calls.ts'
import { XattrReader } from '../../../src/host/entry/xattr-reader.ts'
import { nameAddress } from '../../../src/host/native/c-string.ts'
import { Errno, O_NONBLOCK, O_RDONLY } from '../../../src/host/native/errno.ts'
import { addressOf, libc } from '../../../src/host/native/libc.ts'
import { decodeXattrs, encodeXattrs } from '../../../src/model/xattrs.ts'
import { readXattrs, setXattr } from '../../support/disk-calls.ts'
import { can, makeEveryKind, pattern } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const real = { ...libc }

afterEach(() => {
  Object.assign(libc, real)
})

function hasAtCalls(): boolean {
  const fd = openRoot(Buffer.from('/'))
  const result = libc.listxattrat(fd, nameAddress(Buffer.from('.')), 0, 0, 0)
  closeFd(fd)
  return result !== -1
}

/** The attribute names of every name in the directory, and the values, by one of the ways. */
function readAll(calls: XattrCalls, dir: string): Map<string, string> {
  const fd = openRoot(Buffer.from(dir))
  const list = new Uint8Array(65536)
  const value = new Uint8Array(65536)
  const found = new Map<string, string>()
  expect(calls.enter(fd)).toBe(0)
  for (const name of namesOf(fd, Buffer.alloc(0))) {
    const heap = Buffer.concat([name, Buffer.alloc(1)])
    const length = calls.list(nameAddress(name), heap, 0, name.length, addressOf(list), list.length)
    for (const attribute of Buffer.from(list.subarray(0, length)).toString().split('\0').slice(0, -1)) {
      const at = nameAddress(Buffer.from(attribute))
      const bytes = calls.get(nameAddress(name), at, addressOf(value), value.length)
      found.set(
        `${Buffer.from(name).toString('latin1')} ${attribute}`,
        Buffer.from(value.subarray(0, bytes)).toString('hex'),
      )
    }
  }
  closeFd(fd)
  return found
}

describe.skipIf(!can.userXattrs)('every way to ask', () => {
  const ways: Array<[string, boolean, () => XattrCalls]> = [
    ['the *at calls', hasAtCalls(), atCalls],
    ['/proc/self/fd', true, procCalls],
  ]
  const root = makeEveryKind(tempDir(), { deep: false, unreadable: false })
  const wanted = new Map<string, string>()
  const fd = openRoot(Buffer.from(root))
  for (const name of namesOf(fd, Buffer.alloc(0))) {
    for (const [attribute, value] of readXattrs(Buffer.concat([Buffer.from(`${root}/`), name]))) {
      wanted.set(`${Buffer.from(name).toString('latin1')} ${attribute}`, value.toString('hex'))
    }
  }
  closeFd(fd)

  test.each(ways)('%s', (_, isThere, calls) => {
    if (isThere) expect(readAll(calls(), root)).toEqual(wanted)
  })

  test('the working directory', () => {
    const here = process.cwd()
    try {
      expect(readAll(cwdCalls(), root)).toEqual(wanted)
    } finally {
      process.chdir(here)
    }
  })

  test('a kernel without the *at calls is asked otherwise', () => {
    libc.listxattrat = () => {
      real.setErrno(Errno.ENOSYS)
      return -1
    }
    const rootFd = openRoot(Buffer.from(root))
    expect(readAll(createXattrCalls(rootFd, false), root)).toEqual(wanted)
    closeFd(rootFd)
  })
})

describe.skipIf(!can.userXattrs)('XattrReader', () => {
  function fileWith(xattrs: Record<string, Uint8Array>): { path: string; dirFd: number; fd: number } {
    const dir = tempDir()
    writeFileSync(`${dir}/f`, '')
    for (const [name, value] of Object.entries(xattrs)) setXattr(Buffer.from(`${dir}/f`), name, value)
    const dirFd = openRoot(Buffer.from(dir))
    return { path: `${dir}/f`, dirFd, fd: openName(dirFd, Buffer.from('f'), O_RDONLY | O_NONBLOCK) }
  }

  const set = { 'user.b': Buffer.from([0, 255]), 'user.a': Buffer.alloc(0), 'user.c': pattern(2_000) }

  function read(xattrs: Record<string, Uint8Array>): {
    byName: Uint8Array | null
    byFd: Uint8Array | null
    errno: number
  } {
    const { dirFd, fd } = fileWith(xattrs)
    const reader = new XattrReader(dirFd, false)
    const heap = Buffer.from('f\0')
    reader.enter(dirFd)
    const byName = reader.ofName(nameAddress(Buffer.from('f')), heap, 0, 1, 1)
    const byFd = reader.ofFd(fd, 1)
    closeFd(fd)
    closeFd(dirFd)
    return { byName, byFd, errno: reader.errno }
  }

  test('names and descriptors give the same, ascending by name', () => {
    const { byName, byFd } = read(set)
    const wanted = encodeXattrs(Object.entries(set).map(([name, value]) => ({ name: Buffer.from(name), value })))
    expect(Buffer.from(byName!)).toEqual(Buffer.from(wanted))
    expect(Buffer.from(byFd!)).toEqual(Buffer.from(wanted))
  })

  test('none are empty', () => {
    expect(read({})).toEqual({ byName: new Uint8Array(0), byFd: new Uint8Array(0), errno: 0 })
  })

  test('names that need a longer list', () => {
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`user.${String(i).repeat(90)}`, Buffer.from('x')]),
    )
    const { byName, byFd } = read(many)
    expect(decodeXattrs(byName!)).toHaveLength(12)
    expect(byFd).toEqual(byName)
  })

  test('one that is removed while they are read is not there', () => {
    libc.fgetxattr = (fd, name, value, size) => {
      if (size > 0 && real.fgetxattr(fd, name, value, size) === 2) {
        real.setErrno(Errno.ENODATA)
        return -1
      }
      return real.fgetxattr(fd, name, value, size)
    }
    expect(decodeXattrs(read(set).byFd!).map(({ name }) => Buffer.from(name).toString())).toEqual(['user.a', 'user.c'])
  })

  test('one that may not be read fails the set', () => {
    libc.fgetxattr = () => {
      real.setErrno(Errno.EACCES)
      return -1
    }
    expect(read(set)).toMatchObject({ byFd: null, errno: Errno.EACCES })
  })
})
