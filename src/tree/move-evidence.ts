/**
 * Which files could have moved where (spec §8.5), by the strength of the evidence. Each level is a key: rows of equal key
 * on both sides are paired, what is left goes on to the next level. Linear in the rows.
 */
import { Kind } from '../base/constants.ts'
import type { Batch } from '../model/batch.ts'
import { type BytesColumn, lengthAt } from '../model/bytes-column.ts'
import { type Entries, hasContent, ID_BYTES } from '../model/entries.ts'
import { changesContent, isSuspect } from '../model/need.ts'
import { compareRanges } from '../model/path.ts'
import { groupByKey, type KeyFunctions } from './key-groups.ts'
import { pairNearest } from './nearest-pairs.ts'
import type { RowStore } from './row-store.ts'

/** Where rows come from: `side` of the row is an entry that goes, or one that comes. */
export type Half = 'before' | 'after'

/** The evidence by which two files are held to be one, strongest first. */
export const Evidence = {
  /** Equal content ids on the same inode. */
  inodeAndContent: 0,
  /** Equal content ids. */
  content: 1,
  /** The same inode, size and modification time; contents not known. */
  inode: 2,
  /** The same size, modification time and name; contents not known. */
  name: 3,
} as const

/** The weakest evidence that a diff goes by. */
export function weakestEvidence(isWeakAllowed: boolean): number {
  return isWeakAllowed ? Evidence.name : Evidence.inode
}

/** Files that go and files that come, as row numbers in order. */
export type Candidates = { origins: number[]; destinations: number[] }

/** The regular files, not empty, whose contents go from a path or come to one. */
export function findCandidates(store: RowStore): Candidates {
  const origins: number[] = []
  const destinations: number[] = []
  let row = 0
  for (const batch of store.batches) {
    for (let i = 0; i < batch.rowCount; i++, row++) {
      if (isCandidate(batch, 'before', i)) origins.push(row)
      if (isCandidate(batch, 'after', i)) destinations.push(row)
    }
  }
  return { origins, destinations }
}

/** True where the contents of a regular file, not empty, go from the row's path (before) or come to it (after). */
export function isCandidate(batch: Batch, half: Half, i: number): boolean {
  return isFirstName(batch[half], i) && !keepsContent(batch.before, batch.after, i)
}

/** False for a batch in which nothing goes or comes: its rows are the same with and without moves. */
export function mayTellMoves({ before, after, rowCount }: Batch): boolean {
  if (before === null || after === null) return true
  for (let i = 0; i < rowCount; i++) {
    if (before.kind[i] !== after.kind[i]) return true
    if (before.kind[i] === Kind.file && !keepsContent(before, after, i)) return true
  }
  return false
}

/** True where the row has a regular file on this side that stands for itself and is not empty. */
function isFirstName(entries: Entries | null, i: number): boolean {
  return entries !== null && entries.kind[i] === Kind.file && entries.size[i]! > 0 && !hasBytes(entries.link, i)
}

/**
 * True where a file stays what it is, or may. One that becomes a later name of its group, or was one, still counts as
 * going or coming where inodes are known: the group's first name may be its old or its new place.
 */
function keepsContent(before: Entries | null, after: Entries | null, i: number): boolean {
  if (before === null || after === null || before.kind[i] !== Kind.file || after.kind[i] !== Kind.file) return false
  if (changesContent(before, after, i) && !isSuspect(before, after, i)) return false
  const isRelinked = hasBytes(before.link, i) !== hasBytes(after.link, i)
  return !isRelinked || before.hints === null || after.hints === null
}

function hasBytes(column: BytesColumn | null, i: number): boolean {
  return column !== null && lengthAt(column, i) > 0
}

/**
 * Pairs candidates by evidence down to `weakest`; a row is paired at most once on each side.
 * @param isLoose whether one name of several is paired as any file is: it can go along with its directory, and cannot move alone,
 * unless it is the same inode that has the new name
 */
export function pairFiles(
  store: RowStore,
  candidates: Candidates,
  weakest: number,
  isLoose: boolean,
  pair: (origin: number, destination: number, evidence: number) => void,
): void {
  let { origins, destinations } = candidates
  const hasIds = { before: hasSomeId(store, 'before'), after: hasSomeId(store, 'after') }
  for (let evidence = 0; evidence <= weakest; evidence++) {
    const isFit = (row: number, half: Half): boolean =>
      fits(store, row, half, evidence, hasIds) && (isLoose || isOfInode(evidence) || !isOneOfMany(store, row, half))
    const left = origins.filter((row) => isFit(row, 'before'))
    const right = destinations.filter((row) => isFit(row, 'after'))
    if (left.length === 0 || right.length === 0) continue
    const isPaired = { before: new Uint8Array(store.rowCount), after: new Uint8Array(store.rowCount) }
    const note = (origin: number, destination: number): void => {
      isPaired.before[origin] = 1
      isPaired.after[destination] = 1
      pair(origin, destination, evidence)
    }
    const groups = groupByKey(left, right, keysOf(store, evidence))
    groups.forEach(note, (some, others) => pairNearest(store, some, others, note))
    origins = origins.filter((row) => isPaired.before[row] === 0)
    destinations = destinations.filter((row) => isPaired.after[row] === 0)
  }
}

function keysOf(store: RowStore, evidence: number): KeyFunctions {
  return {
    hashLeft: (row) => hashKey(store, row, 'before', evidence),
    hashRight: (row) => hashKey(store, row, 'after', evidence),
    isSameLeft: (a, b) => isSameKey(store, a, 'before', b, 'before', evidence),
    isSameRight: (a, b) => isSameKey(store, a, 'before', b, 'after', evidence),
  }
}

function hasSomeId(store: RowStore, half: Half): boolean {
  return store.batches.some((batch) => batch[half] !== null && batch[half].content !== null)
}

/** True where the row has what this evidence is made of. */
function fits(store: RowStore, row: number, half: Half, evidence: number, hasIds: Record<Half, boolean>): boolean {
  const entries = store.batchOf(row)[half]!
  const i = store.indexOf(row)
  const { hints } = entries
  const hasInode = hints !== null && hints.ino[i] !== 0n
  if (evidence === Evidence.inodeAndContent) return hasInode && hasContent(entries, i)
  if (evidence === Evidence.content) return hasContent(entries, i)
  if (evidence === Evidence.inode && !hasInode) return false
  // Ids that are known on both sides have had their say.
  return !hasContent(entries, i) || !hasIds[half === 'before' ? 'after' : 'before']
}

function isOfInode(evidence: number): boolean {
  return evidence === Evidence.inodeAndContent || evidence === Evidence.inode
}

function isOneOfMany(store: RowStore, row: number, half: Half): boolean {
  const { hints } = store.batchOf(row)[half]!
  const i = store.indexOf(row)
  return hints !== null && hints.ino[i] !== 0n && hints.nlink[i]! > 1
}

function hashKey(store: RowStore, row: number, half: Half, evidence: number): number {
  const entries = store.batchOf(row)[half]!
  const i = store.indexOf(row)
  if (evidence <= Evidence.content) {
    const id = entries.content!
    const at = i * ID_BYTES
    const ino = evidence === Evidence.content ? 0 : Number(BigInt.asUintN(16, entries.hints!.ino[i]!))
    return (id[at]! | (id[at + 1]! << 8) | (id[at + 2]! << 16)) + id[at + 3]! * 2 ** 24 + ino * 2 ** 32
  }
  const stamp = Math.imul(entries.size[i]! % 0x7fffffff, 31) ^ Math.imul(entries.mtimeSec[i]! % 0x7fffffff, 17)
  const rest = evidence === Evidence.inode ? Number(entries.hints!.ino[i]! & 0xffffffffn) : store.hashName(row)
  return ((stamp ^ entries.mtimeNsec[i]!) >>> 0) + (rest & 0x1fffff) * 2 ** 32
}

function isSameKey(store: RowStore, a: number, aHalf: Half, b: number, bHalf: Half, evidence: number): boolean {
  const x = store.batchOf(a)[aHalf]!
  const y = store.batchOf(b)[bHalf]!
  const i = store.indexOf(a)
  const j = store.indexOf(b)
  if (evidence <= Evidence.content && !isSameId(x, i, y, j)) return false
  if (evidence === Evidence.inodeAndContent) return isSameInode(x, i, y, j)
  if (evidence === Evidence.content) return true
  const isSame = x.size[i] === y.size[j] && x.mtimeSec[i] === y.mtimeSec[j] && x.mtimeNsec[i] === y.mtimeNsec[j]
  return isSame && (evidence === Evidence.inode ? isSameInode(x, i, y, j) : store.compareNames(a, b) === 0)
}

function isSameId(x: Entries, i: number, y: Entries, j: number): boolean {
  return compareRanges(x.content!, i * ID_BYTES, (i + 1) * ID_BYTES, y.content!, j * ID_BYTES, (j + 1) * ID_BYTES) === 0
}

export function isSameInode(x: Entries, i: number, y: Entries, j: number): boolean {
  if (x.hints === null || y.hints === null || x.hints.ino[i] === 0n) return false
  return (
    x.hints.ino[i] === y.hints.ino[j] &&
    x.hints.devMajor[i] === y.hints.devMajor[j] &&
    x.hints.devMinor[i] === y.hints.devMinor[j]
  )
}
