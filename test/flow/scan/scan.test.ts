/** scan: every entry as lstat sees it, the same items for any number of threads, ids that are those of the bytes. */
import { linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { HostError, UsageError } from '../../../src/base/errors.ts'
import { scan } from '../../../src/flow/scan/scan.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { decodeHoles } from '../../../src/model/holes.ts'
import type { Item } from '../../../src/model/item.ts'
import { ownerNames } from '../../../src/model/owners.ts'
import { compareRowPaths, keyPath, pathKey } from '../../../src/model/path.ts'
import { decodeXattrs } from '../../../src/model/xattrs.ts'
import { atPath } from '../../support/deep-path.ts'
import { readXattrs } from '../../support/disk-calls.ts'
import { rowsOfTree } from '../../support/disk-rows.ts'
import { file, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { isRoot, makeEveryKind } from '../../support/every-kind.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { scanItems, scanned, scanOptions, scanTree } from '../../support/scanning.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const LONG_AGO = [1_500_000_000, 1] as const

/** Byte strings as text, whether they are Buffers or not. */
function plain(fields: object): object {
  const text = (value: unknown): unknown => (value instanceof Uint8Array ? pathKey(value) : value)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, text(value)]))
}

function treeOf(spec: TreeSpec): string {
  const root = tempDir()
  makeTree(root, spec, LONG_AGO)
  return root
}

describe('a tree of every kind', () => {
  const root = makeEveryKind(tempDir(), { deep: true, unreadable: false })

  test('rows are those of lstat, in order', async () => {
    const { entries, problems, end } = await scanTree(root)
    const wanted = rowsOfTree(root)
    expect(problems).toEqual([])
    expect([...entries.keys()]).toEqual(wanted.map(({ path }) => pathKey(path)))
    for (const { path, after } of wanted) {
      const { hint, xattrs: _xattrs, ...got } = entries.get(pathKey(path))!
      const { hint: wantedHint, xattrs: _none, ...rest } = after!
      const what = { path: pathKey(path), ...rest, ...wantedHint, racy: 0, holes: 0 }
      expect(plain({ path: pathKey(path), ...got, ...hint, racy: 0, holes: 0 })).toEqual(plain(what))
    }
    expect(end.rowCount).toBe(wanted.length)
  })

  test('extended attributes are those that listxattr names', async () => {
    const { entries } = await scanTree(root)
    for (const [key, entry] of entries) {
      const wanted = atPath(root, keyPath(key), readXattrs)
      const got = decodeXattrs(entry.xattrs).map(({ name, value }) => [
        Buffer.from(name).toString(),
        Buffer.from(value),
      ])
      expect(Object.fromEntries(got), key).toEqual(Object.fromEntries(wanted))
    }
  })

  test('without xattrs none is recorded', async () => {
    const { entries, header } = await scanTree(root, { xattrs: false })
    expect(header.xattrs).toBe(false)
    expect([...entries.values()].every(({ xattrs }) => xattrs.length === 0)).toBe(true)
  })

  test('holes hold no data, and what is no hole is data', async () => {
    const { entries } = await scanTree(root)
    for (const name of ['sparse', 'all-hole', 'hole-behind']) {
      const holes = decodeHoles(entries.get(name)!.hint!.holes)
      const bytes = readFileSync(`${root}/${name}`)
      expect(holes.length, name).toBeGreaterThan(0)
      for (const { offset, length } of holes) {
        expect(bytes.subarray(offset, offset + length).equals(Buffer.alloc(length))).toBe(true)
      }
    }
    expect(decodeHoles(entries.get('all-hole')!.hint!.holes)).toEqual([{ offset: 0, length: 10_000_000 }])
    expect(entries.get('zeros')!.hint!.holes.length).toBe(0)
  })

  test('content ids are those of the bytes, for the names of a group too', async () => {
    const { entries, header, problems } = await scanTree(root, { digest: 'blake3' })
    expect(header.digest).toBe('blake3')
    expect(problems).toEqual([])
    for (const [key, { kind, content }] of entries) {
      const wanted =
        kind === Kind.file ? hashBytes(atPath(root, keyPath(key), (at) => readFileSync(at))) : Buffer.alloc(0)
      expect(Buffer.from(content).toString('hex'), key).toBe(Buffer.from(wanted).toString('hex'))
    }
  })

  test('links say the first name in row order', async () => {
    const { entries } = await scanTree(root)
    const target = (name: string) => pathKey(entries.get(name)!.link)
    expect(target('group-a')).toBe('')
    expect(target('group-b')).toBe('group-a')
    expect(target('z/last/group-c')).toBe('group-a')
    expect(target('a/first/other-group')).toBe('')
    expect(target('z/last/other-group')).toBe('a/first/other-group')
    expect(target('symlink-twice')).toBe('symlink-thrice')
    expect(target('fifo-twice')).toBe('fifo')
    expect(target('linked-outside')).toBe('')
    expect(target('linked-outside-2')).toBe('linked-outside-1')
  })

  test('the header names tree and host', async () => {
    const { header } = await scanTree(`${root}/../tree/`, { comment: 'why', filters: ['- nothing'], level: 7 })
    const { ino } = statSync(root, { bigint: true })
    expect(pathKey(header.root)).toBe(root)
    expect(header.rootId!.ino).toBe(ino)
    expect(header).toMatchObject({ kind: 'snapshot', comment: 'why', filters: ['- nothing'], level: 7, data: false })
  })

  test('owners have their names', async () => {
    for (const item of await scanItems(root)) {
      if (item.kind === 'rows')
        expect(pathKey(ownerNames(item.batch.owners).users.get(0) ?? Buffer.from('root'))).toBe('root')
    }
  })
})

describe('threads', () => {
  const root = tempDir()

  /** More rows than are walked before threads start, in one large directory and in many small ones. */
  beforeAll(() => {
    makeRandomTree(root, { seed: 11, entryCount: 1_500, odd: true })
    mkdirSync(`${root}/large`)
    writeFileSync(`${root}/large/f`, 'linked')
    for (let i = 0; i < 6_000; i++) linkSync(`${root}/large/f`, `${root}/large/f${i}`)
    for (let i = 0; i < 2_500; i++) mkdirSync(`${root}/large/d${i}`)
    for (let i = 0; i < 2_500; i += 7) writeFileSync(`${root}/large/d${i}/inner`, `content ${i}`)
  })

  /** The items without the hint that depends on when the scan began. */
  async function timelessItems(threadCount: number, digest: 'none' | 'blake3'): Promise<Item[]> {
    const items = await scanItems(root, { threadCount, digest })
    for (const item of items) if (item.kind === 'rows') item.batch.after!.hints!.racy.fill(0)
    return items
  }

  test.each(['none', 'blake3'] as const)('any number of them gives the same items: digest %s', async (digest) => {
    const one = await timelessItems(1, digest)
    for (const threadCount of [2, 4])
      expect(isDeepStrictEqual(await timelessItems(threadCount, digest), one)).toBe(true)
    const paths = [...scanned(one).entries.keys()]
    expect(paths).toEqual(paths.toSorted((a, b) => compareRowPaths(keyPath(a), keyPath(b))))
    expect(paths.length).toBeGreaterThan(10_000)
  })

  test('a consumer that stops early ends the threads', async () => {
    let count = 0
    for await (const item of scan(scanOptions(root, { threadCount: 3 }))) {
      if (item.kind === 'rows' && ++count === 6) break
    }
    expect(count).toBe(6)
  })
})

describe('what is left out', () => {
  test('what the filters exclude, with any number of threads', async () => {
    const root = treeOf([
      ['keep.txt', file('')],
      ['a/drop.o', file('')],
      ['a/keep.c', file('')],
      ['build/x', file('')],
      ['sub/build', file('a file is not excluded')],
    ])
    const filters = ['- *.o', '- build/']
    const { entries } = await scanTree(root, { filters })
    expect([...entries.keys()]).toEqual(['', 'a', 'keep.txt', 'sub', 'a/keep.c', 'sub/build'])
  })

  test('stages in the root, not below it, and no file of such a name', async () => {
    const root = treeOf([
      ['.fsapply-123/x', file('')],
      ['.fsapply-file', file('')],
      ['sub/.fsapply-123/x', file('')],
    ])
    const { entries } = await scanTree(root)
    expect([...entries.keys()]).toEqual(['', '.fsapply-file', 'sub', 'sub/.fsapply-123', 'sub/.fsapply-123/x'])
  })

  test('the output file', async () => {
    const root = treeOf([
      ['out.cs', file('')],
      ['other', file('')],
    ])
    const { entries } = await scanTree(root)
    const { ino, devMajor, devMinor } = entries.get('out.cs')!.hint!
    const without = await scanTree(root, { outputFile: { ino, devMajor, devMinor } })
    expect([...without.entries.keys()]).toEqual(['', 'other'])
  })

  test('children of mount points, with --one-file-system', async () => {
    const { entries, problems } = await scanTree('/dev', { oneFileSystem: true, xattrs: false })
    const root = entries.get('')!.hint!
    const mounts = [...entries].filter(
      ([, { kind, hint }]) => kind === Kind.directory && hint!.devMinor !== root.devMinor,
    )
    expect(problems.filter((text) => text.startsWith('other-filesystem')).sort()).toEqual(
      mounts.map(([key]) => `other-filesystem ${key} `).sort(),
    )
    for (const [key] of mounts) expect([...entries.keys()].some((other) => other.startsWith(`${key}/`))).toBe(false)
  })
})

describe('errors', () => {
  test('a root that is not there', async () => {
    await expect(scanItems('/nowhere/at/all')).rejects.toThrow(HostError)
  })

  test('a filter that is none', async () => {
    await expect(scanItems(tempDir(), { filters: ['?'] })).rejects.toThrow(UsageError)
  })

  test.skipIf(isRoot)('what may not be read is a problem, and the rest is there', async () => {
    const root = makeEveryKind(tempDir(), { deep: false, unreadable: true })
    const { entries, problems } = await scanTree(root, { digest: 'blake3' })
    expect(entries.get('closed')!.kind).toBe(Kind.directory)
    expect(entries.has('closed/inner')).toBe(false)
    expect(problems).toEqual(['unreadable no-permissions EACCES', 'unreadable closed EACCES'])
  })
})
