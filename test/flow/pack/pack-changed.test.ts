import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Limits } from '../../../src/base/constants.ts'
import { RefusedError } from '../../../src/base/errors.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { libc } from '../../../src/host/native/libc.ts'
import type { Entry } from '../../../src/model/entries.ts'
import { rowsOfTree } from '../../support/disk-rows.ts'
import { file, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { isRoot, pattern } from '../../support/every-kind.ts'
import { changed, inShort, known, packRows } from '../../support/packing.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_000_000_000, 7] as const

function makeSource(spec: TreeSpec): string {
  const dir = tempDir()
  makeTree(dir, spec, time)
  return dir
}

describe('pack of a suspect row', () => {
  const bytes = Buffer.from('one')
  async function packSuspect(before: Partial<Entry>): Promise<string[]> {
    const source = makeSource([
      ['a', file(bytes)],
      ['b', file('two')],
    ])
    const [, a, b] = rowsOfTree(source)
    return inShort(await packRows([changed(a!, before), b!], source))
  }

  it('drops it where nothing differs', async () => {
    expect(await packSuspect({ content: hashBytes(bytes) })).toEqual(['rows b', 'content b 0'])
  })
  it('keeps it where the content differs', async () => {
    expect(await packSuspect({ content: hashBytes(Buffer.from('eno')) })).toEqual([
      'rows a b',
      'content a 0',
      'content b 0',
    ])
  })
  it('sends the content where there is nothing to compare with', async () => {
    expect(await packSuspect({})).toEqual(['rows a b', 'content a 0', 'content b 0'])
  })
  it('gives no batch where no row is left', async () => {
    const source = makeSource([['a', file(bytes)]])
    const rows = [changed(rowsOfTree(source)[1]!, { content: hashBytes(bytes) })]
    expect(inShort(await packRows(rows, source))).toEqual([])
  })
})

describe('pack of a file that is not what the scan saw', () => {
  const large = pattern(Limits.pieceBytesMax + 1)
  const touch = (path: string): void => utimesSync(path, time[0], time[0] + 1)
  const replace =
    (make: (path: string) => void) =>
    (path: string): void => {
      rmSync(path)
      make(path)
    }
  const cases: ReadonlyArray<readonly [what: string, change: (path: string) => void, problem: string]> = [
    ['grew', (path) => writeFileSync(path, 'more', { flag: 'a' }), 'changed x size'],
    ['shrank', (path) => writeFileSync(path, ''), 'changed x size'],
    ['was touched', touch, 'changed x mtime'],
    ['went', (path) => rmSync(path), 'vanished x ENOENT'],
    ['became a directory', replace((path) => mkdirSync(path)), 'changed x kind'],
    ['became a fifo', replace((path) => execFileSync('mkfifo', [path])), 'changed x kind'],
    [
      'became a symlink to a copy',
      (path) => {
        renameSync(path, `${path}-copy`)
        symlinkSync(`${path}-copy`, path)
      },
      'changed x kind',
    ],
  ]
  for (const [size, bytes] of [
    ['small', Buffer.from('small')],
    ['large', large],
  ] as const) {
    it.each(cases)(`${size}: %s`, async (_what, change, problem) => {
      const source = makeSource([
        ['x', file(bytes)],
        ['y', file('other')],
      ])
      const rows = rowsOfTree(source).slice(1)
      change(`${source}/x`)
      const expected = ['rows x y', `problem ${problem}`, 'content y 0']
      expect(inShort(await packRows(rows, source))).toEqual(expected)
      const withId = [known(rows[0]!, bytes), rows[1]!]
      expect(inShort(await packRows(withId, source))).toEqual(expected)
    })

    it(`${size}: has other bytes than its id says`, async () => {
      const source = makeSource([['x', file(bytes)]])
      const [, row] = rowsOfTree(source)
      const lying = known({ ...row!, after: { ...row!.after!, hint: null } }, Buffer.from('other'))
      expect(inShort(await packRows([lying], source))).toEqual(['rows x', 'problem changed x content'])
    })
  }

  it('lies in a directory that is gone', async () => {
    const source = makeSource([
      ['d/x', file('one')],
      ['d/y', file('two')],
    ])
    const rows = rowsOfTree(source).slice(2)
    rmSync(`${source}/d`, { recursive: true })
    expect(inShort(await packRows(rows, source))).toEqual([
      'rows d/x d/y',
      'problem vanished d/x ENOENT',
      'problem vanished d/y ENOENT',
    ])
  })

  it.skipIf(isRoot)('may not be read', async () => {
    const source = makeSource([['x', file('one', { mode: 0 })]])
    expect(inShort(await packRows(rowsOfTree(source).slice(1), source))).toEqual([
      'rows x',
      'problem unreadable x EACCES',
    ])
  })

  describe('while it is sent', () => {
    const { pread } = libc
    afterEach(() => {
      libc.pread = pread
    })

    it('ends the stream without its end', async () => {
      const source = makeSource([['x', file(large)]])
      let count = 0
      libc.pread = (fd, address, size, offset) => {
        if (size >= Limits.pieceBytesMax && count++ === 0) {
          const bytes = readFileSync(`${source}/x`)
          bytes[10]! ^= 1
          writeFileSync(`${source}/x`, bytes)
        }
        return pread(fd, address, size, offset)
      }
      await expect(packRows(rowsOfTree(source).slice(1), source)).rejects.toThrow(RefusedError)
    })
  })
})
