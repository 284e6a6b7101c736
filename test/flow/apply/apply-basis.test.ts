/** Contents from other local trees: shared where that is right, verified, and never at the cost of the tree they come from. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { diffWithMoves } from '../../support/apply-moves.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, collect, itemsOf, record, recordWithData, rowsOfTree, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, link, makeTree, setMetadata } from '../../support/disk-tree.ts'
import { isRoot, makeEveryKind, pattern } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_500_000_000, 5] as const

const ino = (path: string): number => lstatSync(path).ino

/** `src`, and `yesterday`, a copy of it from before `change`. */
function twoDays(change: (src: string) => void): { dir: string; src: string; yesterday: Buffer } {
  const dir = tempDir()
  const src = `${dir}/src`
  mkdirSync(src)
  makeTree(
    src,
    [
      ['', directory({ mode: 0o755 })],
      ['large', file(pattern(2_500_000))],
      ['small', file('small')],
      ['sub', directory()],
      ['sub/other', file('other', { mode: 0o600 })],
    ],
    time,
  )
  copyTree(src, `${dir}/yesterday`)
  change(src)
  return { dir, src, yesterday: Buffer.from(`${dir}/yesterday`) }
}

describe('a basis', () => {
  it('has what a snapshot with ids wants: copied, or linked', async () => {
    const { dir, src, yesterday } = twoDays(() => {})
    copyTree(yesterday.toString(), `${dir}/reference`)
    const copied = await applyItems(record(src, 'blake3'), `${dir}/copied`, { basis: [yesterday] })
    expect(copied.outcome).toBe('applied')
    expect(copied.fromBasis.copied + copied.fromBasis.cloned).toBe(3)
    expect(ino(`${dir}/copied/large`)).not.toBe(ino(`${dir}/yesterday/large`))
    const linked = await applyItems(record(src, 'blake3'), `${dir}/linked`, { basis: [yesterday], link: true })
    expect(linked).toMatchObject({ outcome: 'applied', bytes: 0, fromBasis: { linked: 3, cloned: 0, copied: 0 } })
    for (const path of ['large', 'small', 'sub/other']) {
      expect(ino(`${dir}/linked/${path}`)).toBe(ino(`${dir}/yesterday/${path}`))
    }
    for (const name of ['copied', 'linked']) expect(compareTrees(src, `${dir}/${name}`)).toEqual([])
    expect(compareTrees(`${dir}/reference`, yesterday.toString())).toEqual([])
  })

  it('is asked before the stream: what both have costs no bytes', async () => {
    const { dir, src, yesterday } = twoDays((root) => writeFileSync(`${root}/small`, 'new'))
    const report = await applyItems(recordWithData(src), `${dir}/today`, { basis: [yesterday], link: true })
    expect(report).toMatchObject({ outcome: 'applied', bytes: 3, fromBasis: { linked: 2 } })
    expect(compareTrees(src, `${dir}/today`)).toEqual([])
  })

  it('that lies, with equal size and time and other bytes, is found out', async () => {
    const { dir, src, yesterday } = twoDays(() => {})
    writeFileSync(`${dir}/yesterday/small`, 'SMALL')
    utimesSync(`${dir}/yesterday/small`, new Date(), statSync(`${src}/small`).mtime)
    makeTree(`${dir}/yesterday`, [], time)
    const options = { basis: [yesterday], link: true }
    const { outcome, findings } = await applyItems(record(src, 'blake3'), `${dir}/today`, options)
    expect(outcome).toBe('missing-contents')
    expect(findings.missing.map(pathKey)).toEqual(['small'])
    const sent = await applyItems(recordWithData(src), `${dir}/today`, options)
    expect(sent).toMatchObject({ outcome: 'applied', bytes: 5, fromBasis: { linked: 2 } })
    expect(compareTrees(src, `${dir}/today`)).toEqual([])
  })

  it('is believed without ids only where the user says so', async () => {
    const { dir, src, yesterday } = twoDays(() => {})
    const refused = await applyItems(record(src), `${dir}/today`, { basis: [yesterday] })
    expect(refused.outcome).toBe('missing-contents')
    expect(refused.findings.missingCount).toBe(3)
    const dry = await applyItems(record(src), `${dir}/today`, { basis: [yesterday], quick: true, dryRun: true })
    expect(dry.outcome).toBe('planned')
    const quick = await applyItems(record(src), `${dir}/today`, { basis: [yesterday], quick: true, link: true })
    expect(quick).toMatchObject({ outcome: 'applied', fromBasis: { linked: 3 } })
    expect(compareTrees(src, `${dir}/today`)).toEqual([])
  })

  it('is one of several: the first that has the content counts', async () => {
    const { dir, src, yesterday } = twoDays((root) => rmSync(`${root}/large`))
    mkdirSync(`${dir}/older`)
    writeFileSync(`${dir}/yesterday/small`, 'other')
    writeFileSync(`${dir}/older/small`, 'small')
    const basis = [yesterday, Buffer.from(`${dir}/older`)]
    const report = await applyItems(record(src, 'blake3'), `${dir}/today`, { basis })
    expect(report.outcome).toBe('applied')
    expect(compareTrees(src, `${dir}/today`)).toEqual([])
  })

  it('that is the target, or in it, is refused', async () => {
    const { dir, src } = twoDays(() => {})
    mkdirSync(`${dir}/target/old/deep`, { recursive: true })
    for (const path of ['target', 'target/old', 'target/old/deep']) {
      const basis = [Buffer.from(`${dir}/${path}`)]
      await expect(applyItems(recordWithData(src), `${dir}/target`, { basis })).rejects.toMatchObject({
        code: 'basis-in-target',
      })
    }
    await expect(
      applyItems(recordWithData(src), `${dir}/other`, { basis: [Buffer.from(`${dir}/none`)] }),
    ).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('leads nowhere else: symlinks in it are not followed, fifos not opened', async () => {
    const { dir, src } = twoDays(() => {})
    mkdirSync(`${dir}/hostile/sub`, { recursive: true })
    symlinkSync(`${src}/small`, `${dir}/hostile/small`)
    symlinkSync(`${src}/sub`, `${dir}/hostile/sub/link`)
    rmSync(`${dir}/hostile/sub`, { recursive: true })
    symlinkSync(`${src}/sub`, `${dir}/hostile/sub`)
    makeTree(`${dir}/hostile`, [['large', { kind: 'fifo' } as never]], time)
    const { outcome, findings } = await applyItems(record(src, 'blake3'), `${dir}/today`, {
      basis: [Buffer.from(`${dir}/hostile`)],
    })
    expect(outcome).toBe('missing-contents')
    expect(findings.missingCount).toBe(3)
  })
})

describe('links to a basis', () => {
  it('are made only where all that links share is equal', async () => {
    const { dir, src, yesterday } = twoDays((root) => {
      chmodSync(`${root}/sub/other`, 0o644)
      utimesSync(`${root}/small`, 1, 1)
    })
    const report = await applyItems(record(src, 'blake3'), `${dir}/today`, { basis: [yesterday], link: true })
    expect(report.fromBasis.linked).toBe(1)
    expect(compareTrees(src, `${dir}/today`)).toEqual([])
    expect(statSync(`${dir}/yesterday/sub/other`).mode & 0o777).toBe(0o600)
  })

  it('do not make one file of two, nor two of one', async () => {
    const dir = tempDir()
    for (const name of ['src', 'yesterday']) mkdirSync(`${dir}/${name}`)
    const root = ['', directory({ mode: 0o755 })] as const
    makeTree(`${dir}/src`, [root, ['a', file('x')], ['b', file('x')], ['c', file('y')], ['d', link('c')]], time)
    makeTree(`${dir}/yesterday`, [root, ['a', file('x')], ['b', link('a')], ['c', file('y')], ['d', file('y')]], time)
    const basis = [Buffer.from(`${dir}/yesterday`)]
    const report = await applyItems(record(`${dir}/src`, 'blake3'), `${dir}/today`, { basis, link: true })
    expect(report).toMatchObject({ outcome: 'applied', fromBasis: { linked: 2 } })
    expect(compareTrees(`${dir}/src`, `${dir}/today`)).toEqual([])
    expect(ino(`${dir}/today/a`)).not.toBe(ino(`${dir}/today/b`))
    expect(ino(`${dir}/today/c`)).toBe(ino(`${dir}/today/d`))
  })

  it('stay out of later changes: metadata, contents, moves and attributes leave the basis as it is', async () => {
    const { dir, src, yesterday } = twoDays(() => {})
    await applyItems(record(src, 'blake3'), `${dir}/today`, { basis: [yesterday], link: true })
    copyTree(src, `${dir}/reference`)
    const before = await rowsOfTree(src)
    utimesSync(`${src}/small`, 7, 7)
    renameSync(`${src}/large`, `${src}/sub/moved`)
    renameSync(`${src}/sub/other`, `${src}/sub/moved-too`)
    setMetadata(src, 'sub/moved-too', { kind: 'file', mode: 0o600, xattrs: { 'user.new': 'value' }, mtime: time })
    const rows = diffWithMoves(before, await rowsOfTree(src))
    expect(rows.filter(({ after }) => (after?.moved.length ?? 0) > 0)).toHaveLength(2)
    expect((await applyItems(withData(itemsOf(rows), src), `${dir}/today`)).outcome).toBe('applied')
    expect(compareTrees(src, `${dir}/today`)).toEqual([])
    expect(compareTrees(`${dir}/reference`, yesterday.toString())).toEqual([])
  })

  it('keep every kind of entry right', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: false, unreadable: false })
    copyTree(root, `${dir}/yesterday`)
    const options = { basis: [Buffer.from(`${dir}/yesterday`)], link: true }
    const report = await applyItems(record(root, 'blake3'), `${dir}/today`, options)
    expect(report.outcome).toBe('applied')
    expect(report.fromBasis.linked).toBeGreaterThan(5)
    expect(compareTrees(root, `${dir}/today`)).toEqual([])
  })
})

describe('a recipe', () => {
  it('copies from the basis what the target does not have', async () => {
    const { dir, src, yesterday } = twoDays((root) => renameSync(`${root}/large`, `${root}/sub/large`))
    const row = (await rowsOfTree(src)).find(({ path }) => pathKey(path) === 'sub/large')!
    const { content: id, size } = row.after!
    const ranges = [{ from: 'before' as const, path: Buffer.from('large'), offset: 0, length: size }]
    const [head, rows, end] = await collect(itemsOf([{ ...row, path: Buffer.from('moved') }]))
    const recipe: Item = { kind: 'recipe', recipe: { id, size, literals: EMPTY, ranges, squeezes: [] } }
    const items = [head!, rows!, recipe, end!]
    const linked = await applyItems(items, `${dir}/linked`, { basis: [yesterday], link: true })
    expect(linked).toMatchObject({ outcome: 'applied', bytes: 0, fromBasis: { linked: 1 } })
    const halves = [
      { ...ranges[0]!, length: 1000 },
      { ...ranges[0]!, offset: 1000, length: size - 1000 },
    ]
    const inTwo: Item = { kind: 'recipe', recipe: { id, size, literals: EMPTY, ranges: halves, squeezes: [] } }
    const built = await applyItems([head!, rows!, inTwo, end!], `${dir}/built`, { basis: [yesterday], link: true })
    expect(built).toMatchObject({ outcome: 'applied', bytes: size })
    for (const name of ['linked', 'built']) {
      expect(readFileSync(`${dir}/${name}/moved`).equals(readFileSync(`${src}/sub/large`))).toBe(true)
    }
    expect((await applyItems(items, `${dir}/without`)).outcome).toBe('conflicts')
  })
})

describe.skipIf(!isRoot)('a basis on another filesystem', () => {
  it('is copied from', async () => {
    const { src, yesterday } = twoDays(() => {})
    const target = `/dev/shm/basis-${process.pid}`
    try {
      const report = await applyItems(record(src, 'blake3'), target, { basis: [yesterday], link: true })
      expect(report).toMatchObject({ outcome: 'applied', fromBasis: { linked: 0, cloned: 0, copied: 3 } })
      expect(compareTrees(src, target)).toEqual([])
    } finally {
      rmSync(target, { recursive: true, force: true })
    }
  })
})
