/** Generators of trees and of changes to them for fast-check: every kind, odd names, odd numbers, hard links. */
import fc from 'fast-check'
import { Kind } from '../../src/base/constants.ts'
import type { Batch } from '../../src/model/batch.ts'
import { encodeHoles, type Hole } from '../../src/model/holes.ts'
import { isName } from '../../src/model/path.ts'
import { batchesOf, type Row } from '../../src/model/row.ts'
import { encodeXattrs } from '../../src/model/xattrs.ts'
import { type Action, act } from './disk-actions.ts'
import { type Attributes, copyDisk, makeDisk, snapshotOf, type View } from './memory-disk.ts'

const text = (string: string): Uint8Array => Buffer.from(string)

/** Few short names, so that changes meet; names around '/' in byte order; names that UTF-16 sorts otherwise. */
export const arbitraryName: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f').map(text) },
  { weight: 3, arbitrary: fc.constantFrom('a!', 'a-b', 'a.b', 'a0', 'ab', 'A', ' ', '~', '..a', '.a').map(text) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\u00fc', '\uff5e', '\u{10000}', '\u{1f600}', 'a\nb', '\x1b[31m', '\u202e').map(text),
  },
  { weight: 1, arbitrary: fc.constantFrom([0xff], [0x80], [0xc3], [0xed, 0xa0, 0x80]).map((b) => Uint8Array.from(b)) },
  { weight: 1, arbitrary: fc.constantFrom(0x61, 0xc3, 0xff).map((byte) => new Uint8Array(255).fill(byte)) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 8 }).filter((bytes) => isName(bytes, 0, bytes.length)),
  },
)

export const arbitrarySize: fc.Arbitrary<number> = fc.constantFrom(
  0,
  1,
  2,
  4096,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 40,
  Number.MAX_SAFE_INTEGER,
)

/** Before 1970, after 2106, and as they come. */
export const arbitrarySeconds: fc.Arbitrary<number> = fc.constantFrom(
  0,
  1,
  -1,
  1_700_000_000,
  1_700_000_001,
  -(2 ** 31) - 5,
  2 ** 32 + 7,
  -(2 ** 40),
  2 ** 40,
)

export const arbitraryXattrs: fc.Arbitrary<Uint8Array> = fc
  .uniqueArray(fc.tuple(fc.constantFrom('user.a', 'user.b', 'security.capability'), fc.uint8Array({ maxLength: 4 })), {
    maxLength: 2,
    selector: ([name]) => name,
  })
  .map((set) => encodeXattrs(set.map(([name, value]) => ({ name: text(name), value }))))

const arbitraryKind = fc.oneof(
  { weight: 6, arbitrary: fc.constant(Kind.file) },
  { weight: 4, arbitrary: fc.constant(Kind.directory) },
  { weight: 2, arbitrary: fc.constant(Kind.symlink) },
  { weight: 1, arbitrary: fc.constantFrom(Kind.fifo, Kind.socket, Kind.char, Kind.block) },
)

/** What an inode of any kind may have; what does not go with its kind is zero or empty. */
export const arbitraryAttributes: fc.Arbitrary<Attributes> = fc.record({
  kind: arbitraryKind,
  mode: fc.constantFrom(0o644, 0o755, 0, 0o7777, 0o4711, 0o1777),
  uid: fc.constantFrom(0, 0, 1000, 65534, 0xfffffffe),
  gid: fc.constantFrom(0, 0, 1000, 0xfffffffe),
  size: arbitrarySize,
  seed: fc.nat(6),
  mtimeSec: arbitrarySeconds,
  mtimeNsec: fc.constantFrom(0, 1, 123_456_789, 999_999_999),
  rdevMajor: fc.constantFrom(0, 8, 0xfff),
  rdevMinor: fc.constantFrom(0, 1, 0xfffff),
  target: fc.constantFrom('a', '../b', '/etc/passwd', 'x\ny').map(text),
  xattrs: fc.oneof({ weight: 4, arbitrary: fc.constant(new Uint8Array(0)) }, { weight: 1, arbitrary: arbitraryXattrs }),
  holes: fc.constantFrom<Hole[]>([], [{ offset: 0, length: 4096 }]).map(encodeHoles),
})

const index = fc.nat(1000)
const make: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('make'),
  in: index,
  name: arbitraryName,
  attributes: arbitraryAttributes,
})
const deepen: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('deepen'),
  in: index,
  name: arbitraryName,
  depth: fc.integer({ min: 2, max: 12 }),
  attributes: arbitraryAttributes,
})
const link: fc.Arbitrary<Action> = fc.record({ do: fc.constant('link'), of: index, in: index, name: arbitraryName })

/** What builds a tree up. */
const building: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: make },
  { weight: 3, arbitrary: link },
  { weight: 1, arbitrary: deepen },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('linkOutside'), of: index }) },
)

/** What people and programs do to a tree. */
const changing: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: make },
  { weight: 2, arbitrary: link },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove'), of: index }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('rename'), of: index, in: index, name: arbitraryName }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('swap'), of: index, with: index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('edit'),
      of: index,
      seed: fc.nat(6),
      size: arbitrarySize,
      keep: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replace'), of: index, attributes: arbitraryAttributes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('change'),
      of: index,
      what: fc.constantFrom('mode', 'owner', 'times', 'xattrs'),
      attributes: arbitraryAttributes,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unshare'), of: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('share'), of: index, with: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('linkOutside'), of: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('keepTimes') }) },
)

export type History = { root: Attributes; building: Action[]; changes: Action[][] }

/** A tree and `changeCount` further states of it, each made from the one before. */
export function arbitraryHistory(changeCount: number): fc.Arbitrary<History> {
  return fc.record({
    root: arbitraryAttributes,
    building: fc.array(building, { maxLength: 30, size: 'max' }),
    changes: fc.array(fc.array(changing, { maxLength: 8, size: 'max' }), {
      minLength: changeCount,
      maxLength: changeCount,
    }),
  })
}

/** The snapshots of a history: rows in row order, one list a state. */
export function statesOf(history: History, view: View): Row[][] {
  let disk = makeDisk(history.root)
  act(disk, history.building)
  const states = [snapshotOf(disk, view)]
  for (const actions of history.changes) {
    disk = copyDisk(disk)
    act(disk, actions)
    states.push(snapshotOf(disk, view))
  }
  return states
}

/** Related trees as rows: the first one and its `changeCount` successors. */
export function arbitraryStates(changeCount: number, view: View): fc.Arbitrary<Row[][]> {
  return arbitraryHistory(changeCount).map((history) => statesOf(history, view))
}

/** One tree as rows, in row order. */
export function arbitraryTree(view: View): fc.Arbitrary<Row[]> {
  return arbitraryStates(0, view).map((states) => states[0]!)
}

/** One tree as the batches of its snapshot. */
export function arbitrarySnapshot(view: View): fc.Arbitrary<Batch[]> {
  return arbitraryTree(view).map(batchesOf)
}

export const everyView: View[] = [
  { contents: 'all', hints: true },
  { contents: 'all', hints: false },
  { contents: 'none', hints: true },
  { contents: 'none', hints: false },
  { contents: 'some', hints: true },
]
