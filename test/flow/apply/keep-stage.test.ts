/** What had arrived when a stream broke off is used again, and nothing else of it: the target is as it was until then. */
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { resume } from '../../../src/flow/apply/resume.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, changeset, collect, recordWithData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { stagesOf } from '../../support/every-call.ts'
import { isRoot, makeEveryKind, pattern } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_500_000_000, 5] as const
const keepStage = true
const FILES = 40
const FILE_BYTES = 1000

/** `before`, `after` with new files of about the same size, and a `target` like before. */
async function trees(): Promise<{ dir: string; target: string; items: Item[] }> {
  const dir = tempDir()
  const old: TreeSpec = [
    ['', directory({ mode: 0o755 })],
    ['stays', file('stays')],
  ]
  for (const name of ['before', 'after']) mkdirSync(`${dir}/${name}`)
  makeTree(`${dir}/before`, old, time)
  const files = Array.from({ length: FILES }, (_, k) => [`new/${k}`, file(pattern(FILE_BYTES + k))] as const)
  makeTree(`${dir}/after`, [...old, ['new', directory()], ...files, ['large', file(pattern(2_500_000))]], time)
  copyTree(`${dir}/before`, `${dir}/target`)
  return { dir, target: `${dir}/target`, items: await changeset(`${dir}/before`, `${dir}/after`) }
}

/** The items up to before the content at that place among the contents. */
function cutAt(items: Item[], contentCount: number): Item[] {
  let count = 0
  const end = items.findIndex((item) => item.kind === 'content' && item.piece.offset === 0 && count++ === contentCount)
  return items.slice(0, end)
}

async function breakOff(items: Item[], target: string): Promise<void> {
  await expect(applyItems(items, target, { keepStage })).rejects.toMatchObject({ code: 'truncated' })
}

/** The files in the kept stage by their names in the tree. */
function stagedFiles(target: string): string[] {
  const [stage] = stagesOf(target)
  const entries = readdirSync(`${target}/${stage}/new`, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`)
}

function rollBack(target: string): void {
  resume({ target: Buffer.from(target), direction: 'roll-back', durable: false })
}

describe('a stage that is kept', () => {
  it('is used by the same stream: what had arrived is not written again', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    expect(stagesOf(target)).toHaveLength(1)
    expect(stagedFiles(target)).toHaveLength(30)
    const report = await applyItems(items, target, { keepStage })
    expect(report).toMatchObject({ outcome: 'applied', fromKept: { count: 30 }, leftStage: null })
    expect(report.bytes).toBe(totalBytes(items) - report.fromKept.bytes)
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
    expect(stagesOf(target)).toEqual([])
  })

  it('is used however often the stream breaks off', async () => {
    const { dir, target, items } = await trees()
    for (const count of [10, 20, 5, 35]) await breakOff(cutAt(items, count), target)
    expect(stagesOf(target)).toHaveLength(4)
    const report = await applyItems(items, target, { keepStage })
    expect(report).toMatchObject({ outcome: 'applied', fromKept: { count: 35 } })
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
    expect(stagesOf(target)).toEqual([])
  })

  it('is used by another stream, which needs not bring the contents', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    makeTree(`${dir}/after`, [['new/other', file('other')]], time)
    rmSync(`${dir}/after/new/3`)
    const other = await changeset(`${dir}/before`, `${dir}/after`)
    const kept = new Set(cutAt(items, 30).flatMap((item) => (item.kind === 'content' ? [hex(item.piece.id)] : [])))
    const without = other.filter((item) => item.kind !== 'content' || !kept.has(hex(item.piece.id)))
    const report = await applyItems(without, target, { keepStage })
    expect(report).toMatchObject({ outcome: 'applied', fromKept: { count: 29 } })
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })

  it('serves every row that needs a content', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    const copies = Array.from({ length: 3 }, (_, k) => [`copy-${k}`, file(pattern(FILE_BYTES + 1))] as const)
    makeTree(`${dir}/after`, [...copies, ['', directory({ mode: 0o755 })]], time)
    const report = await applyItems(await changeset(`${dir}/before`, `${dir}/after`), target, { keepStage })
    expect(report).toMatchObject({ outcome: 'applied', fromKept: { count: 33 } })
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })

  it('is refused by an apply that does not ask for it, is no decision, and goes with a roll back', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    for (const dryRun of [false, true]) {
      await expect(applyItems(items, target, { dryRun })).rejects.toMatchObject({ code: 'undecided-stage' })
    }
    expect(() => resume({ target: Buffer.from(target), direction: 'resume', durable: false })).toThrow(
      /changed nothing/,
    )
    expect(readFileSync(`${target}/stays`, 'utf8')).toBe('stays')
    await breakOff(cutAt(items, 35), target)
    rollBack(target)
    expect(stagesOf(target)).toEqual([])
    expect(compareTrees(`${dir}/before`, target)).toEqual([])
  })

  it('goes where the target is as it shall be by then', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    const [stage] = stagesOf(target)
    copyTree(`${dir}/after`, `${dir}/done`)
    renameSync(`${target}/${stage}`, `${dir}/done/${stage}`)
    const report = await applyItems(items, `${dir}/done`, { keepStage })
    expect(report.outcome).toBe('unchanged')
    expect(stagesOf(`${dir}/done`)).toEqual([])
  })

  it('stays where the whole stream came and the target does not fit', async () => {
    const { dir, target, items } = await trees()
    mkdirSync(`${target}/large`)
    const report = await applyItems(items, target, { keepStage })
    expect(report.outcome).toBe('conflicts')
    rmSync(`${target}/large`, { recursive: true })
    makeTree(target, [['', directory({ mode: 0o755 })]], time)
    const again = await applyItems(items, target, { keepStage })
    expect(again.outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })
})

describe('a root that was made', () => {
  it('goes with the stage, or is completed', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: false, unreadable: false })
    const items = await collect(recordWithData(root))
    await breakOff(items.slice(0, -1), `${dir}/target`)
    expect(statSync(`${dir}/target`).mode & 0o777).toBe(0o700)
    rollBack(`${dir}/target`)
    expect(existsSync(`${dir}/target`)).toBe(false)
    await breakOff(items.slice(0, -1), `${dir}/target`)
    const report = await applyItems(items, `${dir}/target`, { keepStage })
    expect(report.outcome).toBe('applied')
    expect(report.fromKept.count).toBeGreaterThan(10)
    expect(compareTrees(root, `${dir}/target`)).toEqual([])
  })

  it('is locked: a stage that another is at work in is not taken from it', async () => {
    const { dir } = await trees()
    const target = `${dir}/made`
    let second: unknown = null
    const snapshot = await collect(recordWithData(`${dir}/after`))
    async function* slow(): AsyncGenerator<Item> {
      for (const item of snapshot) {
        if (item.kind === 'end') second = await applyItems(snapshot, target, { keepStage }).catch((error) => error)
        yield item
      }
    }
    expect((await applyItems(slow(), target, { keepStage })).outcome).toBe('applied')
    expect(second).toMatchObject({ code: 'target-busy' })
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })
})

describe('nothing in a stage is believed', () => {
  it('neither a file that was cut short nor one with other bytes', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    const [first, second, third] = stagedFiles(target)
    truncateSync(first!, 10)
    writeFileSync(second!, Buffer.alloc(statSync(second!).size, 'x'))
    rmSync(third!)
    const report = await applyItems(items, target, { keepStage })
    expect(report).toMatchObject({ outcome: 'applied', fromKept: { count: 27 } })
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })

  it('nor a link to elsewhere, symbolic or hard', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    const [first, second] = stagedFiles(target)
    copyTree(`${dir}/after`, `${dir}/outside`)
    rmSync(first!)
    symlinkSync(`${dir}/outside/new/0`, first!)
    linkSync(second!, `${dir}/linked`)
    const was = statSync(`${dir}/linked`)
    const report = await applyItems(items, target, { keepStage })
    expect(report).toMatchObject({ outcome: 'applied', fromKept: { count: 28 } })
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
    expect(compareTrees(`${dir}/after`, `${dir}/outside`)).toEqual([])
    expect(statSync(`${dir}/linked`)).toMatchObject({ mtimeMs: was.mtimeMs, mode: was.mode })
  })

  it('nor a journal that was torn: what it still tells of is used', async () => {
    for (const damage of [(size: number) => size - 1, () => 20, () => 3, () => 0]) {
      const { dir, target, items } = await trees()
      await breakOff(cutAt(items, 30), target)
      const journal = `${target}/${stagesOf(target)[0]}/journal`
      truncateSync(journal, damage(statSync(journal).size))
      const report = await applyItems(items, target, { keepStage })
      expect(report.outcome).toBe('applied')
      expect(compareTrees(`${dir}/after`, target)).toEqual([])
      expect(stagesOf(target)).toEqual([])
    }
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    const journal = `${target}/${stagesOf(target)[0]}/journal`
    const bytes = readFileSync(journal)
    for (let at = 0; at < bytes.length; at += 97) bytes[at]! ^= 0xff
    writeFileSync(journal, bytes)
    expect((await applyItems(items, target, { keepStage })).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })

  it.skipIf(!isRoot)('nor the stage of another user', async () => {
    const { dir, target, items } = await trees()
    await breakOff(cutAt(items, 30), target)
    chownSync(`${target}/${stagesOf(target)[0]}`, 12345, 12345)
    const report = await applyItems(items, target, { keepStage })
    expect(report).toMatchObject({ outcome: 'applied', fromKept: { count: 0 } })
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
  })
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function totalBytes(items: Item[]): number {
  return items.reduce((sum, item) => (item.kind === 'content' ? sum + item.piece.bytes.length : sum), 0)
}
