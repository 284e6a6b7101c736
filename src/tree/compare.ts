/**
 * Whether two entries of one path are equal (spec §8.2), and in what they differ. Contents are judged by the strongest
 * evidence there is: content ids; else size and modification time, against which stands a change time that moved on the
 * same inode with nothing to explain it.
 */
import { Kind } from '../base/constants.ts'
import { type BytesColumn, startOf } from '../model/bytes-column.ts'
import { contentAt, type Entries, type Hints, hasContent } from '../model/entries.ts'
import { compareBytes, compareRanges } from '../model/path.ts'

/** In what two entries differ: bits of a mask. Zero is equal. */
export const Difference = {
  kind: 1,
  /** Size, or content ids that are both known. */
  content: 2,
  mtime: 4,
  mode: 8,
  owner: 16,
  target: 32,
  rdev: 64,
  xattrs: 128,
  link: 256,
  /** Nothing that was compared differs, but the contents may: they must be compared before they count as equal. */
  suspect: 512,
} as const

/** Not a difference: the contents were judged equal by size and time alone. */
export const BY_TIME = 1024

/** Differences that do not count stand this many bits higher: they are left as they were before. */
export const IGNORED_SHIFT = 16

export const ALL_DIFFERENCES = 1023

/** What a diff may ignore. */
export const aspects = ['mode', 'owner', 'times', 'xattrs', 'links'] as const

export type Aspect = (typeof aspects)[number]

export type CompareRules = {
  /** Equal size and time prove nothing: contents without ids on both sides count as suspect. */
  ignoreTimes: boolean
  /** Equal size is enough for contents without ids on both sides; their times are not compared either. */
  sizeOnly: boolean
  /** Not compared, and on the after side of a change row what it was before. */
  ignored: ReadonlySet<Aspect>
}

/** Compares row i of `a` with row j of `b`, both present: a mask as described above. */
export type Compare = (a: Entries, i: number, b: Entries, j: number) => number

export function createCompare(rules: CompareRules): Compare {
  const ignorable =
    (rules.ignored.has('mode') ? Difference.mode : 0) |
    (rules.ignored.has('owner') ? Difference.owner : 0) |
    (rules.ignored.has('times') ? Difference.mtime : 0)
  // Set aside before contents are judged: attributes that were not read cannot explain a change time.
  const xattrs = rules.ignored.has('xattrs') ? Difference.xattrs : 0
  const isSameInode = createInodeCompare()

  /** What the contents of two regular files of equal size and without ids add to the mask. */
  function suspect(a: Entries, i: number, b: Entries, j: number, mask: number): number {
    if (rules.ignoreTimes) return Difference.suspect
    const byTime = b.link === null || isEmpty(b.link, j) ? BY_TIME : 0
    if (a.hints === null || b.hints === null || !isSameInode(a.hints, i, b.hints, j)) return byTime
    if (isSameCtime(a.hints, i, b.hints, j)) return 0
    const isExplained = (mask & EXPLAINS_CTIME) !== 0 || a.hints.nlink[i] !== b.hints.nlink[j]
    return isExplained || rules.sizeOnly ? byTime : Difference.suspect
  }

  function compareFiles(a: Entries, i: number, b: Entries, j: number, mask: number): number {
    if (a.content !== null && b.content !== null && hasContent(a, i) && hasContent(b, j)) {
      const contents = compareBytes(contentAt(a, i), contentAt(b, j)) === 0 ? 0 : Difference.content
      return setAside(mask, contents === 0 ? ignorable : ignorable & ~Difference.mtime) | contents
    }
    if (a.size[i] !== b.size[j]) return setAside(mask, ignorable & ~Difference.mtime) | Difference.content
    if (a.size[i] === 0) return setAside(mask, ignorable)
    // Where the time is all that tells two contents apart it counts, though it be ignored as an attribute.
    const aside = rules.sizeOnly ? ignorable | Difference.mtime : ignorable & ~Difference.mtime
    const settled = setAside(mask, aside)
    return (settled & Difference.mtime) !== 0 ? settled : settled | suspect(a, i, b, j, mask)
  }

  return (a, i, b, j) => {
    const mask = setAside(compareColumns(a, i, b, j), xattrs)
    if ((mask & Difference.kind) !== 0) return mask
    return a.kind[i] === Kind.file ? compareFiles(a, i, b, j, mask) : setAside(mask, ignorable)
  }
}

/** What moves a change time without a change of contents; so does a modification time, but that is judged before. */
const EXPLAINS_CTIME = Difference.mode | Difference.owner | Difference.xattrs | Difference.link

function setAside(mask: number, aside: number): number {
  return (mask & ~aside) | ((mask & aside) << IGNORED_SHIFT)
}

/** All that is compared value by value; contents apart. */
function compareColumns(a: Entries, i: number, b: Entries, j: number): number {
  const kind = a.kind[i]
  if (kind !== b.kind[j]) return Difference.kind
  let mask = 0
  if (a.mtimeSec[i] !== b.mtimeSec[j] || a.mtimeNsec[i] !== b.mtimeNsec[j]) mask |= Difference.mtime
  if (a.mode[i] !== b.mode[j]) mask |= Difference.mode
  if (a.uid[i] !== b.uid[j] || a.gid[i] !== b.gid[j]) mask |= Difference.owner
  if (kind === Kind.symlink && isOther(a.target, i, b.target, j)) mask |= Difference.target
  if ((kind === Kind.char || kind === Kind.block) && isOtherDevice(a, i, b, j)) mask |= Difference.rdev
  if ((a.xattrs !== null || b.xattrs !== null) && isOther(a.xattrs, i, b.xattrs, j)) mask |= Difference.xattrs
  if ((a.link !== null || b.link !== null) && isOther(a.link, i, b.link, j)) mask |= Difference.link
  return mask
}

function isOther(a: BytesColumn | null, i: number, b: BytesColumn | null, j: number): boolean {
  if (a === null) return b !== null && !isEmpty(b, j)
  if (b === null) return !isEmpty(a, i)
  return compareRanges(a.heap, startOf(a, i), a.ends[i]!, b.heap, startOf(b, j), b.ends[j]!) !== 0
}

function isEmpty(column: BytesColumn, i: number): boolean {
  return startOf(column, i) === column.ends[i]
}

function isOtherDevice(a: Entries, i: number, b: Entries, j: number): boolean {
  return (a.rdevMajor?.[i] ?? 0) !== (b.rdevMajor?.[j] ?? 0) || (a.rdevMinor?.[i] ?? 0) !== (b.rdevMinor?.[j] ?? 0)
}

function isSameCtime(a: Hints, i: number, b: Hints, j: number): boolean {
  return a.ctimeSec[i] === b.ctimeSec[j] && a.ctimeNsec[i] === b.ctimeNsec[j]
}

/** Compares inode numbers as halves, for a bigint is an object; the views are kept from row to row. */
function createInodeCompare(): (a: Hints, i: number, b: Hints, j: number) => boolean {
  let aHints: Hints | null = null
  let bHints: Hints | null = null
  let aHalves: Uint32Array = new Uint32Array(0)
  let bHalves: Uint32Array = new Uint32Array(0)
  return (a, i, b, j) => {
    if (a !== aHints) {
      aHints = a
      aHalves = inoHalves(a)
    }
    if (b !== bHints) {
      bHints = b
      bHalves = inoHalves(b)
    }
    return (
      aHalves[2 * i] === bHalves[2 * j] &&
      aHalves[2 * i + 1] === bHalves[2 * j + 1] &&
      a.devMajor[i] === b.devMajor[j] &&
      a.devMinor[i] === b.devMinor[j]
    )
  }
}

function inoHalves(hints: Hints): Uint32Array {
  return new Uint32Array(hints.ino.buffer, hints.ino.byteOffset, 2 * hints.ino.length)
}
