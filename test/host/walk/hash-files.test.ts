/** Content ids of files: any size, files that change while they are read, files that are no more what the walk saw. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { closeFd, openRoot } from '../../../src/host/entry/dir.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { Errno, O_NOATIME } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import { listFiles } from '../../../src/host/walk/file-list.ts'
import { FileHasher, type HashedFiles } from '../../../src/host/walk/hash-files.ts'
import { createWalker, pendingRoot } from '../../../src/host/walk/walk.ts'
import { spliceRows } from '../../../src/model/splice.ts'
import { makeNode } from '../../support/disk-calls.ts'
import { pattern } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const real = { ...libc }

afterEach(() => {
  Object.assign(libc, real)
})

/** Walks the tree, does something to it, and hashes what the walk saw. */
function hashTree(root: string, meanwhile: () => void = () => {}): HashedFiles & { hex: string[] } {
  const rootFd = openRoot(Buffer.from(root))
  const options = { rootFd, oneFileSystem: false, xattrs: true, outputFile: null, isExcluded: null, ownsThread: false }
  const walker = createWalker({ ...options, racySinceSec: 1e12 })
  const pieces = [...walker.walk(pendingRoot(), 1e9)]
  walker.close()
  const batch = spliceRows(pieces.map((piece) => ({ batch: piece.batch!, from: 0, to: piece.batch!.rowCount })))
  const rows = Uint32Array.from([...batch.after!.kind.keys()].filter((i) => batch.after!.kind[i] === Kind.file))
  meanwhile()
  const hasher = new FileHasher(rootFd, true, null)
  const result = hasher.hash(listFiles(batch, rows))
  hasher.close()
  closeFd(rootFd)
  const hex = Array.from(rows, (_, k) => Buffer.from(result.ids.subarray(32 * k, 32 * k + 32)).toString('hex'))
  return { ...result, hex }
}

const idOf = (bytes: Uint8Array) => Buffer.from(hashBytes(bytes)).toString('hex')
const NO_ID = '00'.repeat(32)

test('sizes around the piece that is read at a time, in several directories', () => {
  const root = tempDir()
  mkdirSync(`${root}/b/c`, { recursive: true })
  const sizes = [0, 1, 4096, 262_143, 262_144, 262_145, 524_288, 1_000_003]
  for (const [k, size] of sizes.entries()) writeFileSync(`${root}/${['', 'b/', 'b/c/'][k % 3]}${k}`, pattern(size))
  const { hex, failed, refreshed } = hashTree(root)
  const inOrder = [0, 3, 6, 1, 4, 7, 2, 5]
  expect(hex).toEqual(inOrder.map((k) => idOf(pattern(sizes[k]!))))
  expect([failed, refreshed]).toEqual([[], []])
})

describe('a file that is not what the walk saw', () => {
  test('is read as it is now', () => {
    const root = tempDir()
    writeFileSync(`${root}/f`, 'before')
    const { failed, refreshed } = hashTree(root, () => appendFileSync(`${root}/f`, ' and after'))
    expect(failed).toEqual([])
    expect(refreshed).toHaveLength(1)
    const { entry, index } = refreshed[0]!
    expect(index).toBe(0)
    expect(Buffer.from(entry.content).toString('hex')).toBe(idOf(Buffer.from('before and after')))
    expect(entry).toMatchObject({ size: 16, kind: Kind.file })
    expect(entry.hint).toMatchObject({ racy: 1, ino: statSync(`${root}/f`, { bigint: true }).ino })
  })

  test('is noticed though its size and mtime are the same', () => {
    const root = tempDir()
    writeFileSync(`${root}/f`, 'before')
    utimesSync(`${root}/f`, 1, 1)
    const { refreshed } = hashTree(root, () => {
      writeFileSync(`${root}/f`, 'behind')
      utimesSync(`${root}/f`, 1, 1)
    })
    expect(Buffer.from(refreshed[0]!.entry.content).toString('hex')).toBe(idOf(Buffer.from('behind')))
  })

  test.each<[string, (path: string) => void, string]>([
    ['nothing', () => {}, 'vanished ENOENT'],
    ['a symlink', (path) => symlinkSync('/etc/passwd', path), 'changed kind'],
    ['a directory', (path) => mkdirSync(path), 'changed kind'],
    ['a fifo', (path) => makeNode(Buffer.from(path), 'fifo', 0, 0), 'changed kind'],
    ['a socket', (path) => makeNode(Buffer.from(path), 'socket', 0, 0), 'changed kind'],
  ])('%s in its place', (_, change, wanted) => {
    const root = tempDir()
    writeFileSync(`${root}/f`, 'f')
    writeFileSync(`${root}/g`, 'g')
    const { failed, hex } = hashTree(root, () => {
      unlinkSync(`${root}/f`)
      change(`${root}/f`)
    })
    expect(failed.map(({ index, code, detail }) => `${index} ${code} ${detail}`)).toEqual([`0 ${wanted}`])
    expect(hex).toEqual([NO_ID, idOf(Buffer.from('g'))])
  })

  test('its directory is gone', () => {
    const root = tempDir()
    mkdirSync(`${root}/d`)
    writeFileSync(`${root}/d/f`, 'f')
    const { failed } = hashTree(root, () => renameSync(`${root}/d`, `${root}/e`))
    expect(failed).toEqual([{ index: 0, code: 'vanished', detail: 'ENOENT' }])
  })
})

describe('a file that changes while it is read', () => {
  function withReads(act: (count: number) => void): void {
    let count = 0
    libc.pread = (...args) => {
      const result = real.pread(...args)
      act(++count)
      return result
    }
  }

  test('once is read again', () => {
    const root = tempDir()
    writeFileSync(`${root}/f`, pattern(600_000))
    withReads((count) => {
      if (count === 2) appendFileSync(`${root}/f`, 'x')
    })
    const { failed, refreshed } = hashTree(root)
    expect(failed).toEqual([])
    const bytes = Buffer.concat([pattern(600_000), Buffer.from('x')])
    expect(Buffer.from(refreshed[0]!.entry.content).toString('hex')).toBe(idOf(bytes))
  })

  test('again and again has no id, and the next one has', () => {
    const root = tempDir()
    writeFileSync(`${root}/f`, pattern(600_000))
    writeFileSync(`${root}/g`, pattern(600_000))
    withReads((count) => {
      if (count <= 6) appendFileSync(`${root}/f`, 'x')
    })
    const { failed, hex } = hashTree(root)
    expect(failed).toEqual([{ index: 0, code: 'changed', detail: 'size' }])
    expect(hex).toEqual([NO_ID, idOf(pattern(600_000))])
  })

  test('and becomes shorter', () => {
    const root = tempDir()
    writeFileSync(`${root}/f`, pattern(600_000))
    withReads((count) => {
      if (count === 1) writeFileSync(`${root}/f`, 'short')
    })
    expect(Buffer.from(hashTree(root).refreshed[0]!.entry.content).toString('hex')).toBe(idOf(Buffer.from('short')))
  })

  test('an error of the disk is told, and the next file is read', () => {
    const root = tempDir()
    writeFileSync(`${root}/f`, pattern(600_000))
    writeFileSync(`${root}/g`, pattern(600_000))
    let count = 0
    libc.pread = (...args) => {
      if (++count !== 2) return real.pread(...args)
      real.setErrno(Errno.EIO)
      return -1
    }
    const { failed, hex } = hashTree(root)
    expect(failed).toEqual([{ index: 0, code: 'unreadable', detail: 'EIO' }])
    expect(hex[1]).toBe(idOf(pattern(600_000)))
  })
})

test('access times are left alone, and files of others are read without', () => {
  const root = tempDir()
  writeFileSync(`${root}/f`, 'f')
  chmodSync(`${root}/f`, 0o644)
  utimesSync(`${root}/f`, 1, 1)
  hashTree(root)
  expect(statSync(`${root}/f`).atimeMs).toBe(1000)
  libc.openat = (fd, path, flags, mode) => {
    if ((flags & O_NOATIME) === 0) return real.openat(fd, path, flags, mode)
    real.setErrno(Errno.EPERM)
    return -1
  }
  expect(hashTree(root).hex).toEqual([idOf(Buffer.from('f'))])
})
