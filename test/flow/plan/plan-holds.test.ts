/** What a plan says beforehand that the target cannot hold: on real disks where there are such, elsewhere by what statfs answers. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { createPlanReport, plan } from '../../../src/flow/plan/plan.ts'
import { FS_CASEFOLD_FL, FS_IOC_GETFLAGS } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import {
  applyItems,
  collect,
  diffRows,
  itemsOf,
  planOptions,
  record,
  recordWithData,
  rowsOfTree,
} from '../../support/apply-tree.ts'
import { canMount, useMounts } from '../../support/mounts.ts'
import { FAT, HFSPLUS, poke, pretend, TMPFS } from '../../support/statfs.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const { mount } = useMounts()
const { ioctl } = libc
afterEach(() => Object.assign(libc, { ioctl }))

async function planned(items: AsyncIterable<Item>, target: string, strict = false) {
  const report = createPlanReport()
  const list = await collect(plan(items, planOptions(target, { strict }), report))
  const problems = list.flatMap((item) => (item.kind === 'problem' ? [item.problem] : []))
  const lines = problems.map(({ path, code, detail }) => `${pathKey(path) || '.'}: ${code}: ${detail}`)
  return { lines, notKept: report.notKept!, findings: report.findings }
}

/** An empty target, and a source with some names in it. */
function makeDirs(names: readonly string[]): { source: string; target: string } {
  const dir = tempDir()
  for (const name of ['source', 'target']) mkdirSync(`${dir}/${name}`)
  for (const name of names) writeFileSync(`${dir}/source/${name}`, name)
  return { source: `${dir}/source`, target: `${dir}/target` }
}

describe('a target', () => {
  it('on FAT has no two names that differ in case, few kinds of entries, and little metadata', async () => {
    const { source, target } = makeDirs(['Name', 'nAME', 'other', 'a:b', 'dot.'])
    symlinkSync('x', `${source}/link`)
    writeFileSync(`${source}/large`, '')
    truncateSync(`${source}/large`, 2 ** 32)
    utimesSync(`${source}/other`, 1e9 + 1, 1e9 + 1)
    pretend({ type: FAT, files: 0 })
    const { lines, notKept, findings } = await planned(record(source), target)
    expect(lines.filter((line) => !line.includes('bytes are needed'))).toEqual([
      'a:b: cannot-hold: a name that this filesystem does not have',
      'dot.: cannot-hold: a name that this filesystem does not have',
      'large: cannot-hold: EFBIG',
      'link: cannot-hold: no symlinks there',
      'nAME: cannot-hold: the same name there as Name',
    ])
    // Of all seven entries but the symlink, and of the root, unless it has the same time by chance.
    expect(notKept.modes).toBeGreaterThanOrEqual(6)
    expect(notKept.xattrs).toBe(0)
    expect(notKept.times).toBeGreaterThan(0)
    expect(findings.blockingCount).toBeGreaterThan(4)
  })

  it('that normalises names has one of two forms', async () => {
    const { source, target } = makeDirs(['caf\u00e9', 'cafe\u0301', 'cafe'])
    pretend({ type: HFSPLUS })
    expect((await planned(record(source), target)).lines).toEqual([
      'caf\u00e9: cannot-hold: the same name there as cafe\u0301'.replace(
        /.*?:/,
        `${pathKey(Buffer.from('caf\u00e9'))}:`,
      ),
    ])
  })

  it('may fold names in some directories only', async () => {
    const { source, target } = makeDirs(['A', 'a'])
    for (const dir of [source, target]) mkdirSync(`${dir}/sub`)
    for (const name of ['B', 'b']) writeFileSync(`${source}/sub/${name}`, name)
    let isSub = false
    const openat = libc.openat
    libc.ioctl = (fd, request, argument) => {
      if (request !== FS_IOC_GETFLAGS) return ioctl(fd, request, argument)
      poke(argument, isSub ? FS_CASEFOLD_FL : 0)
      isSub = true
      return 0
    }
    expect((await planned(record(source), target)).lines).toEqual(['sub/b: cannot-hold: the same name there as B'])
    libc.openat = openat
  })

  it('has names of some length', async () => {
    const { source, target } = makeDirs(['n'.repeat(143), 'n'.repeat(144)])
    pretend({ namelen: 143 })
    expect((await planned(record(source), target)).lines).toEqual([`${'n'.repeat(144)}: cannot-hold: ENAMETOOLONG`])
  })

  it('without inodes', async () => {
    const { source, target } = makeDirs(['a', 'b', 'c'])
    pretend({ type: TMPFS, ffree: 2 })
    expect((await planned(record(source), target)).lines).toEqual(['.: cannot-hold: 3 inodes are needed, 2 are free'])
    expect((await planned(record(target), target)).lines).toEqual([])
  })

  it('of a user who may not make it so: each path, where that is wanted', async () => {
    const { source, target } = makeDirs(['a'])
    pretend({ type: FAT, files: 0 })
    const strict = await planned(record(source), target, true)
    expect(strict.lines).toContain('a: not-kept: modes')
    expect((await planned(record(source), target)).lines).toEqual([])
  })
})

describe.skipIf(!canMount)('a real disk', () => {
  it('that is too small', async () => {
    const { source, target } = makeDirs([])
    writeFileSync(`${source}/a`, Buffer.alloc(1_100_000, 1))
    mount('-t', 'tmpfs', '-o', 'size=1m,nr_inodes=20', 'none', target)
    const { lines } = await planned(record(source), target)
    expect(lines).toEqual(['.: cannot-hold: 1101824 bytes are needed, 1048576 are free'])
  })

  it('that may not be written, without device files that can be opened', async () => {
    const { source, target } = makeDirs(['a'])
    execFileSync('mknod', [`${source}/null`, 'c', '1', '3'])
    mount('-t', 'tmpfs', '-o', 'ro,nodev', 'none', target)
    const { lines, notKept } = await planned(record(source), target)
    expect(lines).toEqual(['.: cannot-hold: EROFS'])
    expect(notKept).toMatchObject({ devices: 1 })
    expect((await planned(record(target), target)).lines).toEqual([])
  })

  it('that may not be written and is too small: both are said, by an apply and its dry run as well', async () => {
    const { source, target } = makeDirs([])
    writeFileSync(`${source}/a`, Buffer.alloc(1_100_000, 1))
    mount('-t', 'tmpfs', '-o', 'size=1m,ro', 'none', target)
    const expected = ['EROFS', '1101824 bytes are needed, 1048576 are free']
    expect((await planned(record(source), target)).lines).toEqual(expected.map((detail) => `.: cannot-hold: ${detail}`))
    for (const name of ['', '/missing']) {
      for (const dryRun of [true, false]) {
        const { outcome, findings } = await applyItems(recordWithData(source), `${target}${name}`, { dryRun })
        expect([outcome, findings.problems.map(({ detail }) => detail)]).toEqual(['problems', expected])
      }
    }
  })

  it('within another: rows in it, and rows that would displace it', async () => {
    const { source, target } = makeDirs([])
    for (const dir of [`${source}/sub`, `${target}/sub`, `${target}/other`]) mkdirSync(dir)
    for (const name of ['sub/a', 'other']) writeFileSync(`${source}/${name}`, 'a')
    for (const name of ['sub', 'other']) mount('-t', 'tmpfs', '-o', 'mode=700', 'none', `${target}/${name}`)
    const rows = diffRows(await rowsOfTree(target), await rowsOfTree(source))
    const { lines } = await planned(itemsOf(rows), target)
    expect(lines.sort()).toEqual(['other: other-filesystem: EXDEV', 'sub: other-filesystem: EXDEV'])
    expect((await applyItems(itemsOf(rows), target)).outcome).not.toBe('applied')
  })

  it('a file that is mounted on itself: rows that would displace it', async () => {
    const { source, target } = makeDirs(['kept'])
    for (const name of ['kept', 'deleted', 'replaced a']) writeFileSync(`${target}/${name}`, name)
    writeFileSync(`${source}/replaced a`, 'another')
    for (const name of ['deleted', 'replaced a']) mount('--bind', `${target}/${name}`, `${target}/${name}`)
    const rows = diffRows(await rowsOfTree(target), await rowsOfTree(source))
    const { lines } = await planned(itemsOf(rows), target)
    expect(lines.sort()).toEqual(['deleted', 'replaced a'].map((name) => `${name}: other-filesystem: EXDEV`))
    expect((await applyItems(itemsOf(rows), target)).outcome).not.toBe('applied')
  })
})
