/** Generators of whole streams as items for fast-check: every record, sides of two trees, contents with true ids. */
import fc from 'fast-check'
import { Kind, type ProblemCode, problemCodes, State } from '../../src/base/constants.ts'
import { countItem, createTotals } from '../../src/format/totals.ts'
import { hashBytes } from '../../src/host/native/blake3.ts'
import { type Batch, BatchBuilder } from '../../src/model/batch.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import type { Entry } from '../../src/model/entries.ts'
import type { Header, Item, Squeeze } from '../../src/model/item.ts'
import { OwnersBuilder } from '../../src/model/owners.ts'
import { compareBytes, compareRowPaths, pathKey, splitPath } from '../../src/model/path.ts'
import { phases } from '../../src/model/problem.ts'
import type { Row } from '../../src/model/row.ts'
import type { Time } from '../../src/model/time.ts'
import { compareTimes, type TimePair, TOUCH, type Touch } from '../../src/model/touch.ts'
import { arbitraryName, arbitrarySeconds, arbitraryStates, everyView } from './arbitraries.ts'

const text = fc.constantFrom('', 'a', 'host.example', 'gr\u00fc\u00df', '\u202e\x1b[2J', 'a\nb', '\\')
const texts = fc.array(
  text.filter((each) => each !== ''),
  { maxLength: 3 },
)
const uint32 = fc.constantFrom(0, 1, 8, 259, 0xffffffff)
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((id) => id.some((byte) => byte !== 0))
const path = fc.array(arbitraryName, { maxLength: 4 }).map(joined)

export const arbitraryHeader: fc.Arbitrary<Header> = fc.record({
  kind: fc.constantFrom('snapshot', 'changeset', 'plan', 'receipt'),
  tool: text,
  host: text,
  root: path.map((names) => (names.length === 0 ? EMPTY : Buffer.concat([Buffer.from('/'), names]))),
  rootId: fc.option(
    fc.record({ devMajor: uint32, devMinor: uint32, ino: fc.constantFrom(0n, 2n, 2n ** 53n, 2n ** 64n - 1n) }),
  ),
  digest: fc.constantFrom('none', 'blake3'),
  xattrs: fc.boolean(),
  trustedHidden: fc.boolean(),
  filters: texts,
  level: fc.constantFrom(0, 1, 3),
  data: fc.boolean(),
  dataBefore: fc.boolean(),
  ignored: texts,
  comment: text,
  features: fc.constant([]),
})

/** A row with what a plan adds to it. */
export type PlannedRow = Row & { seen: Entry | null; state: number }

const time = fc.record({ sec: arbitrarySeconds, nsec: fc.constantFrom(0, 1, 999_999_999) })
const arbitraryTouch: fc.Arbitrary<Touch | null> = fc.option(
  fc.record({
    fileCount: fc.constantFrom(1, 2 ** 32, Number.MAX_SAFE_INTEGER),
    digest: bytes32,
    pairs: fc.uniqueArray(time, { minLength: 2, maxLength: 8, comparator: isSameTime }).map(pairsOf),
  }),
)

function isSameTime(a: Time, b: Time): boolean {
  return compareTimes(a, b) === 0
}

/** The first half of the times with the second. */
function pairsOf(times: Time[]): TimePair[] {
  const half = times.length >> 1
  const pairs = times.slice(0, half).map((before, k) => ({ before, after: times[half + k]! }))
  return pairs.sort((a, b) => compareTimes(a.before, b.before))
}

/** Items of a stream, from header to end, in its canonical form. */
export function arbitraryItems(): fc.Arbitrary<Item[]> {
  const states = fc.constantFrom(...everyView).chain((view) => arbitraryStates(2, view))
  return fc
    .tuple(arbitraryHeader, states, arbitraryBody, fc.boolean(), bytes32, bytes32, arbitraryTouch)
    .map(([given, [old, now, there], body, ends, from, to, touch]) => {
      const isTouched = given.kind === 'changeset' && touch !== null
      const header = isTouched ? { ...given, features: [TOUCH] } : given
      const rows = plannedRows(header.kind, old!, now!, there!)
      const items = body(header, rows)
      if (isTouched) items.splice(1, 0, { kind: 'touch', touch })
      const totals = createTotals()
      for (const item of items) countItem(totals, item)
      const ids = ends ? { from, to } : { from: EMPTY, to: EMPTY }
      return [...items, { kind: 'end', end: { ...totals, judgedByTime: rows.length % 3, ...ids } }]
    })
}

/** What does not go with an entry's kind is zero or empty. */
function fitted(entry: Entry | null): Entry | null {
  if (entry === null) return null
  const isDevice = entry.kind === Kind.char || entry.kind === Kind.block
  const isFile = entry.kind === Kind.file
  return {
    ...entry,
    size: isFile ? entry.size : 0,
    rdevMajor: isDevice ? entry.rdevMajor : 0,
    rdevMinor: isDevice ? entry.rdevMinor : 0,
    target: entry.kind === Kind.symlink ? entry.target : EMPTY,
  }
}

function plannedRows(kind: Header['kind'], old: Row[], now: Row[], there: Row[]): PlannedRow[] {
  if (kind === 'snapshot')
    return now.map(({ path, after }) => ({ path, before: null, after: fitted(after), seen: null, state: 0 }))
  const rows = new Map<string, PlannedRow>()
  const at = (where: Uint8Array): PlannedRow => {
    const known = rows.get(pathKey(where))
    const row = known ?? { path: where, before: null, after: null, seen: null, state: 0 }
    if (known === undefined) rows.set(pathKey(where), row)
    return row
  }
  for (const row of old) at(row.path).before = fitted(row.after)
  for (const row of now) at(row.path).after = fitted(row.after)
  if (kind !== 'changeset') {
    for (const row of there) if (rows.has(pathKey(row.path))) at(row.path).seen = fitted(row.after)
    const values = Object.values(State)
    for (const row of rows.values()) row.state = values[row.path.length % values.length]!
  }
  return [...rows.values()].sort((a, b) => compareRowPaths(a.path, b.path))
}

/** What makes items of header and rows: cuts, moves, owners, contents, recipes, chunks, problems, optional records. */
const arbitraryBody = fc
  .record({
    cuts: fc.array(fc.nat(40), { maxLength: 3 }),
    moves: fc.array(fc.tuple(fc.nat(40), path), { maxLength: 2 }),
    names: fc.constantFrom('none', 'users', 'both'),
    contents: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40, size: 'max' }), { maxLength: 3 }),
    pieceBytes: fc.integer({ min: 1, max: 20 }),
    problem: fc.record({
      path,
      code: fc.constantFrom(...(Object.keys(problemCodes) as ProblemCode[])),
      phase: fc.constantFrom(...phases),
      detail: text,
    }),
    value: fc.uint8Array({ maxLength: 5 }),
    chunkEnds: fc.array(fc.nat(39), { maxLength: 4 }),
    basis: path.filter((names) => names.length > 0),
    isSqueezed: fc.boolean(),
  })
  .map((choice) => (header: Header, rows: PlannedRow[]): Item[] => {
    for (const [i, where] of choice.moves) {
      const side = rows[i % rows.length]!
      if (side.after !== null && where.length > 0 && compareBytes(where, side.path) !== 0)
        side.after = { ...side.after, moved: where }
    }
    const contents = giveContents(rows, choice.contents)
    const items: Item[] = [{ kind: 'header', header }]
    const ends = [...new Set([...choice.cuts, rows.length])].filter((end) => end <= rows.length).sort((a, b) => a - b)
    let start = 0
    for (const end of ends) {
      const batches = cutBatches(rows.slice(start, end), choice.names)
      items.push(...batches.map((batch): Item => ({ kind: 'rows', batch })))
      const ids = new Set(rows.slice(start, end).map((row) => pathKey(row.after?.content ?? EMPTY)))
      for (const content of contents.filter((bytes) => ids.has(pathKey(hashBytes(bytes))))) {
        items.push(...contentItems(content, choice))
      }
      items.push({ kind: 'problem', problem: choice.problem })
      if (end % 2 === 0) items.push({ kind: 'optional', name: 'x.test', value: choice.value })
      start = end
    }
    return items
  })

/** Gives the first rows that are files these contents. */
function giveContents(rows: PlannedRow[], contents: Uint8Array[]): Uint8Array[] {
  const files = rows.filter((row) => row.after?.kind === Kind.file).slice(0, contents.length)
  return files.map((row, i) => {
    const bytes = contents[i]!
    const hint = row.after!.hint === null ? null : { ...row.after!.hint, holes: EMPTY }
    row.after = { ...row.after!, size: bytes.length, content: hashBytes(bytes), hint }
    return bytes
  })
}

type Choice = { pieceBytes: number; chunkEnds: number[]; basis: Uint8Array; isSqueezed: boolean }

/** Parts whose frames have the bytes that the literals above have: nobody unpacks them here. */
const squeezes = (path: Uint8Array): Squeeze[] => [
  { bytes: 3, ranges: [{ from: 'before', path, offset: 0, length: 10 }] },
  { bytes: 5, ranges: [] },
]

/** A content in pieces; or, where it is longer, its chunk list and a recipe of which the literals are sent. */
function contentItems(bytes: Uint8Array, choice: Choice): Item[] {
  if (bytes.length < 20) return pieces(bytes, choice.pieceBytes)
  const id = hashBytes(bytes)
  const literals = bytes.subarray(10, 18)
  const inside = choice.chunkEnds.filter((end) => end > 0 && end < bytes.length)
  const ends = Float64Array.from(new Set([...inside, bytes.length])).sort()
  return [
    { kind: 'chunks', chunks: { id, ends, ids: new Uint8Array(16 * ends.length).fill(7) } },
    {
      kind: 'recipe',
      recipe: {
        id,
        size: bytes.length,
        literals: hashBytes(literals),
        ranges: [
          { from: 'before', path: choice.basis, offset: 0, length: 10 },
          { from: 'literal', length: 8 },
          { from: 'zeros', length: 1 },
          { from: 'after', path: choice.basis, offset: 2 ** 40, length: bytes.length - 19 },
        ],
        squeezes: choice.isSqueezed ? squeezes(choice.basis) : [],
      },
    },
    ...pieces(literals, choice.pieceBytes),
  ]
}

function pieces(bytes: Uint8Array, pieceBytes: number): Item[] {
  const items: Item[] = []
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    const piece = { id: hashBytes(bytes), size: bytes.length, offset, bytes: bytes.slice(offset, offset + pieceBytes) }
    items.push({ kind: 'content', piece, isVerified: true })
  }
  return items
}

/** Rows in row order as batches, cut where the cut rule says, with names of the owners that they mention. */
export function cutBatches(rows: PlannedRow[], names: 'none' | 'users' | 'both'): Batch[] {
  const builder = new BatchBuilder()
  const owners = new OwnersBuilder()
  const batches: Batch[] = []
  const take = (): void => {
    const batch = builder.take()
    if (batch === null) return
    batch.owners = owners.take()
    batches.push(batch)
  }
  for (const row of rows) {
    const { dir, name } = splitPath(row.path)
    const i = builder.addRow(dir, name)
    builder.setState(i, row.state)
    for (const side of ['before', 'after', 'seen'] as const) {
      const entry = row[side]
      if (entry === null) continue
      builder[side].set(i, entry)
      if (names !== 'none') owners.addUser(entry.uid, Buffer.from(`u${entry.uid}`))
      if (names === 'both' && entry.gid !== 1000) owners.addGroup(entry.gid, Uint8Array.of(0xff, 0x0a))
    }
    if (builder.isFull) take()
  }
  take()
  return batches
}

function joined(names: Uint8Array[]): Uint8Array {
  return Buffer.concat(names.flatMap((name, i) => (i === 0 ? [name] : [Buffer.from('/'), name])))
}
