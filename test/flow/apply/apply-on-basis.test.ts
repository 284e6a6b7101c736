/** Changesets for targets that are not there yet: the tree before is the basis, which stays as it is. */
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { applyOnBasis } from '../../../src/flow/apply/apply-on-basis.ts'
import type { ApplyOptions, ApplyReport } from '../../../src/flow/apply/apply-options.ts'
import { resume } from '../../../src/flow/apply/resume.ts'
import { LOCK_EX } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import type { Item } from '../../../src/model/item.ts'
import { runLine } from '../../cli/run.ts'
import { diffWithMoves } from '../../support/apply-moves.ts'
import { copyTree, makeChangedTrees } from '../../support/apply-random.ts'
import {
  applyOptions,
  changeset,
  collect,
  itemsOf,
  recordWithData,
  replayItems,
  rowsOfTree,
  withData,
} from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, makeTree } from '../../support/disk-tree.ts'
import { makeEveryKind, pattern } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

/** Onto `dir/yesterday` as the basis, into `dir/today`. */
function applyTo(items: Item[], dir: string, changed: Partial<ApplyOptions> = {}): Promise<ApplyReport> {
  const basis = [Buffer.from(`${dir}/yesterday`)]
  return applyOnBasis(replayItems(items), applyOptions(`${dir}/today`, { basis, ...changed }))
}

describe('a changeset for a missing target', () => {
  it.each([1, 2, 3, 4, 5, 6])('makes the tree after beside the tree before, linked or not, seed %i', async (seed) => {
    const dir = tempDir()
    const log = makeChangedTrees(dir, seed, 60, 25)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    renameSync(`${dir}/before`, `${dir}/yesterday`)
    copyTree(`${dir}/yesterday`, `${dir}/reference`)
    for (const link of [false, true]) {
      const report = await applyTo(items, dir, { link })
      expect(report.outcome, log.join('\n')).toBe('applied')
      expect(compareTrees(`${dir}/after`, `${dir}/today`), log.join('\n')).toEqual([])
      expect(compareTrees(`${dir}/reference`, `${dir}/yesterday`), log.join('\n')).toEqual([])
      expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([])
      rmSync(`${dir}/today`, { recursive: true })
    }
  })

  it('costs what changed: moves, metadata and all else are links', async () => {
    const dir = tempDir()
    const src = `${dir}/src`
    mkdirSync(src)
    const files = ['a', 'b', 'sub/c', 'sub/d'].map((name, k) => [name, file(pattern(500_000 + k))] as const)
    makeTree(src, [['', directory()], ['sub', directory()], ...files], [1_500_000_000, 5])
    copyTree(src, `${dir}/yesterday`)
    const before = await rowsOfTree(src)
    renameSync(`${src}/sub`, `${src}/moved`)
    writeFileSync(`${src}/a`, 'changed')
    const rows = diffWithMoves(before, await rowsOfTree(src))
    const items = await collect(withData(itemsOf(rows), src))
    const report = await applyTo(items, dir, { link: true })
    expect(report).toMatchObject({ outcome: 'applied', bytes: 7, fromBasis: { linked: 4, cloned: 0, copied: 0 } })
    expect(compareTrees(src, `${dir}/today`)).toEqual([])
    for (const [there, here] of [
      ['b', 'b'],
      ['sub/c', 'moved/c'],
      ['sub/d', 'moved/d'],
    ]) {
      expect(lstatSync(`${dir}/today/${here}`).ino).toBe(lstatSync(`${dir}/yesterday/${there}`).ino)
    }
  })

  it('that does not fit leaves nothing, and no stream does either', async () => {
    const dir = tempDir()
    makeChangedTrees(dir, 7, 60, 25)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    renameSync(`${dir}/before`, `${dir}/yesterday`)
    const planned = await applyTo(items, dir, { dryRun: true })
    expect(planned.outcome).toBe('planned')
    await expect(applyTo(items.slice(0, -1), dir, { link: true })).rejects.toMatchObject({ code: 'truncated' })
    await expect(applyTo([], dir)).rejects.toMatchObject({ code: 'truncated' })
    for (const entry of readdirSync(`${dir}/yesterday`, { recursive: true, withFileTypes: true })) {
      const path = `${entry.parentPath}/${entry.name}`
      // A name that is not UTF-8 is none of a file that is there.
      if (!entry.isFile() || !existsSync(path)) continue
      chmodSync(path, 0o600)
      writeFileSync(path, 'drifted')
    }
    copyTree(`${dir}/yesterday`, `${dir}/reference`)
    expect((await applyTo(items, dir, { link: true })).outcome).toBe('conflicts')
    expect((await applyTo(items, dir, { dryRun: true })).outcome).toBe('conflicts')
    expect(compareTrees(`${dir}/reference`, `${dir}/yesterday`)).toEqual([])
    expect(readdirSync(dir).sort()).toEqual(['after', 'reference', 'target', 'yesterday'])
  })

  it('takes what an earlier one has left out of its way, unless it is at work or was another', async () => {
    const dir = tempDir()
    makeChangedTrees(dir, 7, 20, 5)
    const items = await changeset(`${dir}/before`, `${dir}/after`)
    renameSync(`${dir}/before`, `${dir}/yesterday`)
    const left = `${dir}/.fsapply-new-today`
    mkdirSync(`${left}/tree`, { recursive: true })
    await expect(applyTo(items, dir)).rejects.toMatchObject({ code: 'leftover-new-tree' })
    chmodSync(left, 0o700)
    const fd = openSync(left, 'r')
    expect(libc.flock(fd, LOCK_EX)).toBe(0)
    await expect(applyTo(items, dir)).rejects.toMatchObject({ code: 'target-busy' })
    const rollBack = () => resume({ target: Buffer.from(`${dir}/today`), direction: 'roll-back', durable: false })
    expect(rollBack).toThrow(/another apply is at work/)
    closeSync(fd)
    expect(existsSync(`${left}/tree`)).toBe(true)
    expect(() => resume({ target: Buffer.from(`${dir}/today`), direction: 'resume', durable: false })).toThrow(
      /changed nothing yet/,
    )
    rollBack()
    expect(existsSync(left)).toBe(false)
    mkdirSync(`${left}/tree`, { recursive: true })
    chmodSync(left, 0o700)
    expect((await applyTo(items, dir)).outcome).toBe('applied')
    expect(existsSync(left)).toBe(false)
    expect(compareTrees(`${dir}/after`, `${dir}/today`)).toEqual([])
  })
})

describe('a snapshot, or a target that is there', () => {
  it('is applied as ever', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: false, unreadable: false })
    copyTree(root, `${dir}/yesterday`)
    const items = await collect(recordWithData(root))
    expect((await applyTo(items, dir, { link: true })).outcome).toBe('applied')
    expect(compareTrees(root, `${dir}/today`)).toEqual([])
    expect((await applyTo(items, dir, { link: true })).outcome).toBe('unchanged')
  })
})

describe('dated directories', () => {
  it('cost what changed, in bytes of stream and of disk', async () => {
    const dir = tempDir()
    mkdirSync(`${dir}/src/sub`, { recursive: true })
    mkdirSync(`${dir}/backups`)
    for (let i = 0; i < 40; i++) writeFileSync(`${dir}/src/sub/${i}`, pattern(40_000 + i))
    writeFileSync(`${dir}/src/large`, pattern(3_000_000))
    const monday = ['fsscan --chunks src > monday.cs', 'fspack src < monday.cs | fsapply backups/monday']
    expect(await runLine(monday.join('\n'), dir)).toMatchObject({ status: 0, stderr: '' })
    const large = Buffer.concat([Buffer.from('inserted'), pattern(3_000_000)])
    writeFileSync(`${dir}/src/large`, large)
    renameSync(`${dir}/src/sub`, `${dir}/src/elsewhere`)
    utimesSync(`${dir}/src/elsewhere/7`, 7, 7)
    const tuesday = [
      'fsscan --chunks --reuse monday.cs src > tuesday.cs',
      'fsdiff monday.cs tuesday.cs > change.cs',
      'fsapply --verbose --basis backups/monday --link backups/tuesday < change.cs',
      'fsscan --hash backups/tuesday > made.cs',
    ]
    const { status, stderr } = await runLine(tuesday.join('\n'), dir)
    expect(status, stderr).toBe(0)
    expect(compareTrees(`${dir}/src`, `${dir}/backups/tuesday`)).toEqual([])
    expect(statSync(`${dir}/change.cs`).size).toBeLessThan(30_000)
    const linked = readdirSync(`${dir}/backups/tuesday/elsewhere`).filter(
      (name) => statSync(`${dir}/backups/tuesday/elsewhere/${name}`).nlink === 2,
    )
    expect(linked).toHaveLength(39)
  })
})
