/** Filesystems that keep less than the changeset has: what they do not keep is said the first time, and is no conflict the next. */
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/model/item.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, changeset, collect, record, recordWithData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { setTimes, setXattr } from '../../support/disk-calls.ts'
import { can } from '../../support/every-kind.ts'
import { canMount, hasFilesystem, useMounts } from '../../support/mounts.ts'
import { EXFAT, FAT, pretend } from '../../support/statfs.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const mounts = useMounts()

const AFTER_2038 = 2 ** 31 + 1000

function setTime(path: string, [sec, nsec]: readonly [number, number]): void {
  setTimes(Buffer.from(path), sec, nsec)
}

/** Two trees; the second has another content of the same size, and the same second, and times beyond 32 bits. */
function makeTrees(dir: string): void {
  for (const name of ['before', 'after']) {
    mkdirSync(`${dir}/${name}/sub`, { recursive: true })
    for (const file of ['edit', 'sub/edit', name]) writeFileSync(`${dir}/${name}/${file}`, name.slice(0, 5))
    for (const file of ['edit', 'sub/edit']) setTime(`${dir}/${name}/${file}`, [1_500_000_001, name.length * 1e8 + 1])
    writeFileSync(`${dir}/${name}/late`, 'late')
    setTime(`${dir}/${name}/late`, [AFTER_2038 + name.length, 5])
  }
}

/** Onto `target`, twice, and back: what is done the second time is nothing. @returns what was lost the first time */
async function twiceAndBack(dir: string, target: string) {
  const first = await applyItems(recordWithData(`${dir}/before`), target)
  expect(first.outcome).toBe('applied')
  expect(await again(await collect(recordWithData(`${dir}/before`)), target)).toEqual([])
  const back: Item[] = []
  const undo = async (items: AsyncIterable<Item>) => {
    back.push(...(await collect(items)))
  }
  const items = await changeset(`${dir}/before`, `${dir}/after`)
  expect((await applyItems(items, target, { undo })).outcome).toBe('applied')
  expect(await again(items, target)).toEqual([])
  expect(compareTrees(`${dir}/after`, target, { ignore: ['mtime', 'xattrs'] })).toEqual([])
  expect((await applyItems(back, target)).outcome).toBe('applied')
  expect(compareTrees(`${dir}/before`, target, { ignore: ['mtime', 'xattrs'] })).toEqual([])
  return first.notKept
}

/** What an apply of what is there already still does, or says that is lost. */
async function again(items: Item[], target: string): Promise<unknown[]> {
  const { outcome, notKept, findings } = await applyItems(items, target)
  const lost = Object.entries(notKept).filter(([, count]) => count > 0)
  return [...(outcome === 'unchanged' ? [] : [outcome, findings.conflicts]), ...lost]
}

describe.skipIf(!hasFilesystem('ext4'))('ext4', () => {
  it('with inodes of 128 bytes keeps whole seconds until 2038', async () => {
    const dir = tempDir()
    makeTrees(dir)
    const disk = mounts.mountImage(dir, 'ext4', '-I', '128')
    // Of the root, a directory, and four files.
    expect((await twiceAndBack(dir, `${disk}/target`)).times).toBe(6)
  })

  it('with larger ones keeps nanoseconds, and beyond', async () => {
    const dir = tempDir()
    makeTrees(dir)
    const disk = mounts.mountImage(dir, 'ext4')
    expect((await twiceAndBack(dir, `${disk}/target`)).times).toBe(0)
  })
})

describe.skipIf(!canMount)('ramfs', () => {
  it('has no extended attributes, and does not say how large it is', async () => {
    const dir = tempDir()
    makeTrees(dir)
    if (can.userXattrs)
      for (const name of ['before', 'after'])
        setXattr(Buffer.from(`${dir}/${name}/edit`), 'user.tag', Buffer.from('value'))
    mkdirSync(`${dir}/disk`)
    mounts.mount('-t', 'ramfs', 'none', `${dir}/disk`)
    expect((await twiceAndBack(dir, `${dir}/disk/target`)).xattrs).toBe(can.userXattrs ? 1 : 0)
  })
})

describe.each([
  ['FAT', FAT, (sec: number) => [sec - (sec % 2), 0] as const],
  ['exFAT', EXFAT, (sec: number, nsec: number) => [sec, nsec - (nsec % 1e7)] as const],
])('%s', (_name, type, kept) => {
  it('has its own modes, and times of some steps', async () => {
    const dir = tempDir()
    for (const name of ['tree', 'target']) mkdirSync(`${dir}/${name}`)
    writeFileSync(`${dir}/tree/file`, 'file', { mode: 0o640 })
    setTime(`${dir}/tree/file`, [1_500_000_001, 123_456_789])
    utimesSync(`${dir}/tree`, 1e9, 1e9)
    pretend({ type, files: 0, blocks: 0 })
    const items = await collect(recordWithData(`${dir}/tree`))
    const { outcome, notKept } = await applyItems(items, `${dir}/target`)
    expect([outcome, notKept.modes, notKept.times]).toEqual(['applied', 2, 1])
    copyTree(`${dir}/target`, `${dir}/exact`)
    chmodSync(`${dir}/target/file`, 0o755)
    setTime(`${dir}/target/file`, kept(1_500_000_001, 123_456_789))
    expect(await again(items, `${dir}/target`)).toEqual([])
    setTime(`${dir}/target/file`, kept(1_500_000_003, 123_456_789))
    expect((await applyItems(items, `${dir}/target`)).outcome).toBe('conflicts')
  })
})

it('a filesystem that does not say how large it is is not full', async () => {
  const dir = tempDir()
  mkdirSync(`${dir}/tree`)
  writeFileSync(`${dir}/tree/file`, 'file')
  pretend({ blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 })
  expect((await applyItems(recordWithData(`${dir}/tree`), `${dir}/target`)).outcome).toBe('applied')
  pretend({ bfree: 0, bavail: 0 })
  expect((await applyItems(record(`${dir}/tree`), `${dir}/other`)).outcome).toBe('problems')
})
