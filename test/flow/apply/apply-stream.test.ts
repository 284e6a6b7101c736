/** What the stream brings, or fails to bring: contents, recipes, an end. Where anything is wrong the target is untouched. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { FormatError } from '../../../src/base/errors.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import type { Entry } from '../../../src/model/entries.ts'
import { encodeHoles } from '../../../src/model/holes.ts'
import type { ContentPiece, Item, Recipe, RecipeRange } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import type { Row } from '../../../src/model/row.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, changeset, collect, itemsOf, record, recordWithData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { directory, file, makeTree } from '../../support/disk-tree.ts'
import { isRoot, makeEveryKind, pattern } from '../../support/every-kind.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const time = [1_500_000_000, 0] as const

function fileEntry(bytes: Uint8Array, more: Partial<Entry> = {}): Entry {
  return {
    kind: Kind.file,
    mode: 0o644,
    uid: process.getuid!(),
    gid: process.getgid!(),
    size: bytes.length,
    mtimeSec: 1_400_000_000,
    mtimeNsec: 7,
    rdevMajor: 0,
    rdevMinor: 0,
    content: bytes.length === 0 ? EMPTY : hashBytes(bytes),
    target: EMPTY,
    link: EMPTY,
    moved: EMPTY,
    xattrs: EMPTY,
    hint: null,
    ...more,
  }
}

function adds(name: string, bytes: Uint8Array, more: Partial<Entry> = {}): Row {
  return { path: Buffer.from(name), before: null, after: fileEntry(bytes, more) }
}

/** Rows, then what belongs to them, then the end. */
async function stream(rows: Row[], ...items: Item[]): Promise<Item[]> {
  const list = await collect(itemsOf(rows))
  return [...list.slice(0, -1), ...items, list.at(-1)!]
}

function pieces(bytes: Uint8Array, pieceBytes: number, id = hashBytes(bytes)): Item[] {
  const list: Item[] = []
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    const part = bytes.subarray(offset, offset + pieceBytes)
    list.push({
      kind: 'content',
      piece: { id, size: bytes.length, offset, bytes: part } satisfies ContentPiece,
      isVerified: false,
    })
  }
  return list
}

function recipe(bytes: Uint8Array, ranges: RecipeRange[], literals: Uint8Array = EMPTY): Item {
  const { length: size } = bytes
  const made: Recipe = {
    id: hashBytes(bytes),
    size,
    literals: literals.length > 0 ? hashBytes(literals) : EMPTY,
    ranges,
    squeezes: [],
  }
  return { kind: 'recipe', recipe: made }
}

function targetWith(files: Record<string, string | Buffer>): string {
  const target = `${tempDir()}/target`
  mkdirSync(target)
  const spec = Object.entries(files).map(([name, bytes]) => [name, file(bytes)] as const)
  makeTree(target, [['', directory({ mode: 0o755 })], ...spec], time)
  copyTree(target, `${target}-copy`)
  return target
}

function expectUntouched(target: string): void {
  expect(compareTrees(`${target}-copy`, target)).toEqual([])
}

describe('contents', () => {
  it('come in pieces', async () => {
    const target = targetWith({})
    const bytes = pattern(2_500_000)
    const { outcome, bytes: written } = await applyItems(
      await stream([adds('a', bytes)], ...pieces(bytes, 1 << 20)),
      target,
    )
    expect(outcome).toBe('applied')
    expect(written).toBe(bytes.length)
    expect(readFileSync(`${target}/a`).equals(bytes)).toBe(true)
  })

  it('serve every row that has their id', async () => {
    const target = targetWith({})
    const [small, large] = [Buffer.from('small'), pattern(1_500_000)]
    const rows = [adds('a', small), adds('b', small), adds('c', large), adds('d', large)]
    const items = await stream(rows, ...pieces(small, 100), ...pieces(large, 1 << 20))
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect(readFileSync(`${target}/b`)).toEqual(small)
    expect(readFileSync(`${target}/d`).equals(large)).toBe(true)
    expect(statSync(`${target}/d`, { bigint: true }).mtimeNs).toBe(1_400_000_000_000_000_007n)
  })

  it.each([10, 1 << 20])('that do not hash to their id are refused, %i bytes a piece', async (pieceBytes) => {
    const target = targetWith({ old: 'x' })
    const bytes = Buffer.from('the right bytes')
    const items = await stream(
      [adds('a', bytes)],
      ...pieces(Buffer.from('the wrong bytes'), pieceBytes, hashBytes(bytes)),
    )
    await expect(applyItems(items, target)).rejects.toMatchObject({ code: 'content-mismatch' })
    expectUntouched(target)
  })

  it('that no row waits for are passed over', async () => {
    const target = targetWith({})
    const items = await stream([adds('a', EMPTY)], ...pieces(pattern(3_000_000), 1 << 20))
    expect((await applyItems(items, target)).outcome).toBe('applied')
  })

  it('keep their holes, but only where the bytes are zero', async () => {
    const target = targetWith({})
    const bytes = Buffer.alloc(4_000_000)
    bytes.fill(1, 0, 5000)
    bytes.fill(2, 2_000_000, 2_000_100)
    const holes = encodeHoles([{ offset: 8192, length: 3_991_808 }])
    const hint = { ino: 0n, devMajor: 0, devMinor: 0, ctimeSec: 0, ctimeNsec: 0, nlink: 1, racy: 0, holes }
    const items = await stream([adds('a', bytes, { hint })], ...pieces(bytes, 1 << 20))
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect(readFileSync(`${target}/a`).equals(bytes)).toBe(true)
    expect(statSync(`${target}/a`).blocks * 512).toBeLessThan(1_200_000)
  })

  it('that are missing are told before anything is touched', async () => {
    const target = targetWith({ old: 'x' })
    const rows = [adds('a', Buffer.from('not in the stream')), adds('b', Buffer.from('nor this'), { content: EMPTY })]
    const { outcome, findings } = await applyItems(itemsOf(rows), target)
    expect(outcome).toBe('missing-contents')
    expect(findings.missing.map(pathKey).sort()).toEqual(['a', 'b'])
    expectUntouched(target)
  })

  it('that are missing are taken from a source, by id or by size and time', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: false, unreadable: false })
    const source = Buffer.from(root)
    for (const digest of ['none', 'blake3'] as const) {
      const { outcome, findings } = await applyItems(record(root, digest), `${dir}/${digest}`, { source })
      expect(outcome, JSON.stringify(findings.missing.map(pathKey))).toBe('applied')
      expect(compareTrees(root, `${dir}/${digest}`)).toEqual([])
    }
    appendFileSync(`${root}/small`, 'changed')
    const { outcome, findings } = await applyItems(record(`${dir}/none`), `${dir}/other`, { source })
    expect(outcome).toBe('missing-contents')
    expect(findings.missing.map(pathKey)).toEqual(['small'])
    expect(existsSync(`${dir}/other`)).toBe(false)
  })
})

describe('recipes', () => {
  const old = pattern(300_000)
  const fresh = Buffer.concat([
    old.subarray(1000, 200_000),
    Buffer.from('literal'),
    old.subarray(0, 5),
    Buffer.from('end'),
  ])
  const literals = Buffer.from('literalend')
  const ranges: RecipeRange[] = [
    { from: 'before', path: Buffer.from('old'), offset: 1000, length: 199_000 },
    { from: 'literal', length: 7 },
    { from: 'before', path: Buffer.from('old'), offset: 0, length: 5 },
    { from: 'literal', length: 3 },
  ]

  it.each([1, 4, 100])('copy from old files and take literals, %i bytes a piece', async (pieceBytes) => {
    const target = targetWith({ old })
    const items = await stream([adds('new', fresh)], recipe(fresh, ranges, literals), ...pieces(literals, pieceBytes))
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect(readFileSync(`${target}/new`).equals(fresh)).toBe(true)
  })

  it('copy from what is staged, and from what stays', async () => {
    const target = targetWith({ stays: 'it stays' })
    const bytes = Buffer.from('staged')
    const both = Buffer.from('it staysstaged')
    const fromBoth = recipe(both, [
      { from: 'after', path: Buffer.from('stays'), offset: 0, length: 8 },
      { from: 'after', path: Buffer.from('a'), offset: 0, length: 6 },
    ])
    const items = await stream([adds('a', bytes), adds('b', both)], ...pieces(bytes, 100), fromBoth)
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect(readFileSync(`${target}/b`)).toEqual(both)
  })

  it('that do not lead to their content are a conflict: the target is another', async () => {
    const target = targetWith({ old: Buffer.concat([Buffer.from('!'), old]) })
    const items = await stream([adds('new', fresh)], recipe(fresh, ranges, literals), ...pieces(literals, 100))
    const { outcome, findings } = await applyItems(items, target)
    expect(outcome).toBe('conflicts')
    expect(findings.conflicts.map(({ path }) => pathKey(path))).toEqual(['new'])
    expectUntouched(target)
  })

  it('that copy from what is not there are conflicts too; without literals the content is missing', async () => {
    const target = targetWith({ old })
    const lacking = await stream([adds('new', fresh)], recipe(fresh, ranges, literals))
    expect((await applyItems(lacking, target)).outcome).toBe('missing-contents')
    rmSync(`${target}/old`)
    const items = await stream([adds('new', fresh)], recipe(fresh, ranges, literals), ...pieces(literals, 100))
    expect((await applyItems(items, target)).outcome).toBe('conflicts')
  })
})

describe('a stream', () => {
  it('without an end, or that breaks, changes nothing', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: false, unreadable: true })
    const items = await collect(recordWithData(root))
    await expect(applyItems(items.slice(0, -1), `${dir}/target`)).rejects.toMatchObject({ code: 'truncated' })
    expect(existsSync(`${dir}/target`)).toBe(false)
    mkdirSync(`${dir}/target`)
    const mtime = statSync(`${dir}/target`).mtimeMs
    async function* broken() {
      yield* items.slice(0, -1)
      throw new FormatError('bad-zstd', 17, 'broken')
    }
    await expect(applyItems(broken(), `${dir}/target`)).rejects.toMatchObject({ code: 'bad-zstd', offset: 17 })
    expect(statSync(`${dir}/target`).mtimeMs).toBe(mtime)
  })

  it('asked what it would do does nothing', async () => {
    const dir = tempDir()
    const root = makeEveryKind(dir, { deep: false, unreadable: isRoot })
    const { outcome, counts } = await applyItems(recordWithData(root), `${dir}/target`, { dryRun: true })
    expect(outcome).toBe('planned')
    expect(counts.added).toBeGreaterThan(50)
    expect(existsSync(`${dir}/target`)).toBe(false)
    const without = await applyItems(record(root), `${dir}/target`, { dryRun: true })
    expect(without.outcome).toBe('missing-contents')
  })

  it('of a plan refuses rows that drifted since', async () => {
    const dir = tempDir()
    for (const name of ['before', 'after']) mkdirSync(`${dir}/${name}`)
    for (const name of ['before', 'after']) makeTree(`${dir}/${name}`, [['a', file(name)]], time)
    copyTree(`${dir}/before`, `${dir}/target`)
    const [header, ...items] = await changeset(`${dir}/before`, `${dir}/after`)
    const seen = (await collect(record(`${dir}/target`))).find((item) => item.kind === 'rows')!
    const rows = items.find((item) => item.kind === 'rows')!
    if (header!.kind !== 'header' || seen.kind !== 'rows') throw new Error('no rows')
    // The row of the file alone: the second that was recorded, the last that differs.
    const { selectRows } = await import('../../../src/tree/select-rows.ts')
    const row = selectRows(rows.batch, (i) => i === rows.batch.rowCount - 1)!
    const planned = { ...row, seen: selectRows(seen.batch, (i) => i === 1)!.after }
    const plan: Item[] = [
      { kind: 'header', header: { ...header!.header, kind: 'plan' } },
      ...items.map((item) => (item === rows ? ({ kind: 'rows', batch: planned } as const) : item)),
    ]
    writeFileSync(`${dir}/target/a`, 'before')
    makeTree(`${dir}/target`, [], time)
    const { outcome } = await applyItems(plan, `${dir}/target`)
    expect(outcome).toBe('conflicts')
  })

  it('that names a stage folder is refused', async () => {
    const target = targetWith({})
    const { outcome, findings } = await applyItems(itemsOf([adds('.fsapply-x', EMPTY)]), target)
    expect(outcome).toBe('problems')
    expect(findings.problems).toMatchObject([{ code: 'refused' }])
    expectUntouched(target)
  })
})
