/** Real disks: one that is full, one that may not be written, one within another, one that is being written meanwhile. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { State } from '../../../src/base/constants.ts'
import { HostError } from '../../../src/base/errors.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { createPlanReport, plan } from '../../../src/flow/plan/plan.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree } from '../../support/apply-random.ts'
import {
  applyItems,
  applyOptions,
  changeset,
  collect,
  diffRows,
  itemsOf,
  planOptions,
  recordWithData,
  replayItems,
  rowsOfTree,
} from '../../support/apply-tree.ts'
import { fingerprint } from '../../support/attack.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { charDevice, directory, fifo, file, makeTree, symlink } from '../../support/disk-tree.ts'
import { canMount, isInstalled, useMounts } from '../../support/mounts.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const { mount, add } = useMounts()

/** Whether there is an exfat to be had, if only through FUSE: no modes, owners, links, symlinks or special files. */
const hasExfat = canMount && ['mkfs.exfat', 'mount.exfat-fuse', 'losetup'].every(isInstalled) && existsSync('/dev/fuse')

/** Mounts a new one; its loop device goes with it. */
function mountExfat(dir: string): string {
  const [image, target] = [`${dir}/image`, `${dir}/target`]
  writeFileSync(image, '')
  truncateSync(image, 64 << 20)
  mkdirSync(target)
  execFileSync('mkfs.exfat', [image], { stdio: 'ignore' })
  const device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim()
  execFileSync('mount.exfat-fuse', [device, target], { stdio: 'ignore' })
  add(target)
  execFileSync('losetup', ['-d', device], { stdio: 'ignore' })
  return target
}

/** A tree that is restored, of a few files with `bytes` bytes each. */
function sourceTree(dir: string, bytes: number): string {
  mkdirSync(`${dir}/source/sub`, { recursive: true })
  for (let i = 0; i < 4; i++) writeFileSync(`${dir}/source/sub/${i}`, Buffer.alloc(bytes, `${i} is not zero`))
  return `${dir}/source`
}

describe.skipIf(!canMount)('a target', () => {
  it('that is a mount point is not exchanged for another tree', async () => {
    const target = tempDir()
    mount('-t', 'tmpfs', 'none', target)
    const applied = applyItems([], target, { atomic: { oldTree: null } })
    await expect(applied).rejects.toMatchObject({ code: 'mount-point' })
    expect(readdirSync(target)).toEqual([])
  })

  it('that is too small is told so before anything is tried', async () => {
    const dir = tempDir()
    const target = `${dir}/target`
    mkdirSync(target)
    mount('-t', 'tmpfs', '-o', 'size=1m', 'none', target)
    writeFileSync(`${target}/mine`, 'mine')
    const before = fingerprint(target, { changeTimes: true })
    const { outcome, findings } = await applyItems(recordWithData(sourceTree(dir, 500_000)), target)
    expect(outcome).toBe('problems')
    expect(findings.problems).toMatchObject([
      { code: 'cannot-hold', detail: '2015232 bytes are needed, 1044480 are free' },
    ])
    expect(fingerprint(target, { changeTimes: true })).toEqual(before)
  })

  it('that fills up meanwhile is as it was', async () => {
    const dir = tempDir()
    const target = `${dir}/target`
    const ballast = `${dir}/ballast`
    for (const path of [target, ballast]) mkdirSync(path)
    mount('-t', 'tmpfs', '-o', 'size=1m', 'none', ballast)
    mkdirSync(`${ballast}/target`)
    mount('--bind', `${ballast}/target`, target)
    writeFileSync(`${target}/mine`, 'mine')
    const before = fingerprint(target, { changeTimes: true })
    // The rows have been decided, their contents are still to come.
    const onRows = async (): Promise<void> => writeFileSync(`${ballast}/full`, Buffer.alloc(900_000))
    const applied = applyItems(recordWithData(sourceTree(dir, 100_000)), target, { onRows })
    await expect(applied).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(fingerprint(target, { changeTimes: true })).toEqual(before)
  })

  it('that has no room for all that changes at once is changed in place', async () => {
    const dir = tempDir()
    const source = sourceTree(dir, 200_000)
    const target = `${dir}/target`
    mkdirSync(target)
    mount('-t', 'tmpfs', '-o', 'size=1200k', 'none', target)
    copyTree(source, `${target}/tree`)
    copyTree(source, `${dir}/before`)
    for (let i = 0; i < 4; i++) writeFileSync(`${source}/sub/${i}`, Buffer.alloc(210_000, `${i} is another`))
    const items = await changeset(`${dir}/before`, source)
    expect((await applyItems(items, `${target}/tree`)).outcome).toBe('problems')
    expect(compareTrees(`${dir}/before`, `${target}/tree`)).toEqual([])
    const options = applyOptions(`${target}/tree`)
    expect((await applyDirect(() => replayItems(items), options)).outcome).toBe('applied')
    expect(compareTrees(source, `${target}/tree`)).toEqual([])
  })

  it('that has no inodes left is as it was', async () => {
    const dir = tempDir()
    const target = `${dir}/target`
    mkdirSync(target)
    mount('-t', 'tmpfs', '-o', 'nr_inodes=8', 'none', target)
    writeFileSync(`${target}/mine`, 'mine')
    const before = fingerprint(target, { changeTimes: true })
    await expect(applyItems(recordWithData(sourceTree(dir, 10)), target)).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(fingerprint(target, { changeTimes: true })).toEqual(before)
  })

  it('that may not be written is as it was, and a repetition of what holds is no error', async () => {
    const dir = tempDir()
    const source = sourceTree(dir, 10)
    const target = `${dir}/target`
    copyTree(source, target)
    mount('--bind', target, target)
    execFileSync('mount', ['-o', 'remount,bind,ro', target])
    expect((await applyItems(recordWithData(source), target)).outcome).toBe('unchanged')
    writeFileSync(`${source}/new`, 'new')
    const before = fingerprint(target, { changeTimes: true })
    const { outcome, findings } = await applyItems(recordWithData(source), target)
    expect([outcome, findings.problems.map(({ detail }) => detail)]).toEqual(['problems', ['EROFS']])
    expect(fingerprint(target, { changeTimes: true })).toEqual(before)
  })

  it('with another filesystem in it is not changed there', async () => {
    const dir = tempDir()
    const target = `${dir}/target`
    mkdirSync(`${target}/sub`, { recursive: true })
    mount('-t', 'tmpfs', '-o', 'size=1m', 'none', `${target}/sub`)
    writeFileSync(`${target}/sub/mine`, 'mine')
    const before = fingerprint(target, { changeTimes: true })
    const { outcome, findings } = await applyItems(recordWithData(sourceTree(dir, 10)), target)
    expect(outcome).toBe('conflicts')
    expect(findings.problems.map(({ code }) => code)).toContain('other-filesystem')
    expect(fingerprint(target, { changeTimes: true })).toEqual(before)
  })
})

describe('a target that is written meanwhile', () => {
  it('is not changed, and what was written stays', async () => {
    const dir = tempDir()
    const source = sourceTree(dir, 10)
    const target = `${dir}/target`
    mkdirSync(target)
    async function* slow(): AsyncGenerator<Item> {
      for await (const item of recordWithData(source)) {
        if (item.kind === 'end') {
          mkdirSync(`${target}/sub`)
          appendFileSync(`${target}/sub/0`, 'written meanwhile')
        }
        yield item
      }
    }
    expect((await applyItems(slow(), target)).outcome).toBe('conflicts')
    expect(readdirSync(target)).toEqual(['sub'])
    expect(readdirSync(`${target}/sub`)).toEqual(['0'])
  })
})

describe.skipIf(!hasExfat)('a target on exfat', () => {
  it('holds files and directories, and two names that differ in case are told beforehand', async () => {
    const dir = tempDir()
    const target = mountExfat(dir)
    const source = sourceTree(dir, 1000)
    expect((await applyItems(recordWithData(source), target)).outcome).toBe('applied')
    expect(compareTrees(source, target, { ignore: ['mode', 'owner', 'mtime'] })).toEqual([])
    mkdirSync(`${dir}/more`)
    for (const name of ['new', 'NEW']) writeFileSync(`${dir}/more/${name}`, name)
    const report = createPlanReport()
    await collect(plan(recordWithData(`${dir}/more`), planOptions(target), report))
    const told = report.findings.problems.map(({ code, path }) => `${code} ${Buffer.from(path)}`)
    expect(told).toEqual(['cannot-hold new'])
  })

  it('loses no file where a name changes its case alone: that is a conflict', async () => {
    const dir = tempDir()
    const target = mountExfat(dir)
    for (const [tree, name] of [
      ['before', 'foo'],
      ['after', 'Foo'],
    ] as const) {
      mkdirSync(`${dir}/${tree}/d`, { recursive: true })
      for (const path of [name, `d/${name}`]) writeFileSync(`${dir}/${tree}/${path}`, 'the same')
      makeTree(`${dir}/${tree}`, [['', directory({ mode: 0o777 })]], [1_500_000_000, 0])
      execFileSync('bash', ['-c', `chmod -R 777 ${dir}/${tree}; find ${dir}/${tree} -exec touch -d @1500000000 {} +`])
    }
    execFileSync('cp', ['-r', '--preserve=timestamps', `${dir}/before/.`, target])
    const states = async (items: Item[]) => {
      const report = await applyItems(items, target)
      expect(readdirSync(target, { recursive: true }).sort()).toEqual(['d', 'd/foo', 'foo'])
      return [report.outcome, report.findings.conflicts.map(({ path, state }) => [String(Buffer.from(path)), state])]
    }
    const added = [
      ['Foo', State.exists],
      ['d/Foo', State.exists],
    ]
    expect(await states(await changeset(`${dir}/before`, `${dir}/after`))).toEqual(['conflicts', added])
    // Deletes of a name that is not there leave alone what is found under it.
    const rows = diffRows(await rowsOfTree(`${dir}/after`), []).filter(({ path }) =>
      /Foo$/.test(String(Buffer.from(path))),
    )
    expect(await states(await collect(itemsOf(rows)))).toEqual(['unchanged', []])
  })

  it('that cannot hold an entry is as it was, with nothing left in it', async () => {
    const dir = tempDir()
    const target = mountExfat(dir)
    for (const node of [fifo(), symlink('x'), charDevice(1, 3)]) {
      const source = `${dir}/${node.kind}`
      mkdirSync(source)
      makeTree(source, [
        ['file', file('x')],
        ['special', node],
      ])
      await expect(applyItems(recordWithData(source), target), node.kind).rejects.toBeInstanceOf(HostError)
      expect(readdirSync(target), node.kind).toEqual([])
    }
  })
})
