/**
 * What a changeset says nothing about is as the target has it (spec §8.2): in rows of entries that are there, both sides get the
 * target's own attributes. So they are no conflict, new contents take them over, and the way back is exact.
 */
import { Kind } from '../../base/constants.ts'
import { withModeInAcl } from '../../model/acl.ts'
import type { Batch } from '../../model/batch.ts'
import { type BytesColumn, BytesColumnBuilder, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import type { Header } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { withTrustedOf } from '../../model/xattrs.ts'

/** What is not said. */
export type Unsaid = {
  mode: boolean
  owner: boolean
  times: boolean
  xattrs: 'none' | 'trusted' | 'all'
}

/** What a header says nothing about; null where rows say everything. */
export function unsaidOf({ ignored, xattrs, trustedHidden }: Header): Unsaid | null {
  const hasAll = xattrs && !ignored.includes('xattrs')
  const unsaid: Unsaid = {
    mode: ignored.includes('mode'),
    owner: ignored.includes('owner'),
    times: ignored.includes('times'),
    xattrs: !hasAll ? 'all' : trustedHidden ? 'trusted' : 'none',
  }
  return unsaid.mode || unsaid.owner || unsaid.times || unsaid.xattrs !== 'none' ? unsaid : null
}

/** The header of rows that say it. Who applies them takes it from the target all the same. */
export function headerWithXattrs(header: Header): Header {
  const ignored = header.xattrs ? header.ignored : [...new Set([...header.ignored, 'xattrs'])].sort()
  return { ...header, xattrs: true, ignored }
}

/** Row `at` of some entries. */
export type There = { entries: Entries; at: number }

/** What there is to take for the rows of a batch. */
export type Present = {
  /** What the target has at their paths. */
  seen: Entries | null
  /** By row, what the target has where the entry was moved from, unless it has come already, or is linked to. */
  origins: ReadonlyMap<number, There>
  /** By row, the after side of the row of the first name that the entry is linked to; a number: a row of the same batch, before it. */
  firsts: ReadonlyMap<number, There | number>
}

/**
 * The batch with what is not said as the target has it.
 * @param believesTimes size and time are to stand for contents: times of files then stay as the rows have them
 */
export function sayUnsaid(batch: Batch, unsaid: Unsaid, present: Present, believesTimes: boolean): Batch {
  const { before, after, touched } = batch
  const rules = { unsaid, believesTimes, touched }
  return {
    ...batch,
    before: before === null ? null : fill(before, beforeSources(before, present), rules),
    after: after === null ? null : fill(after, afterSources(before, after, present), rules),
  }
}

/** Where a row takes from, and what: the time of a file only where nothing else tells its contents. */
type Source = There & { withTime: boolean }

/** @param filled the rows before this one, filled */
type SourceOf = (i: number, filled: Entries) => Source | null

function beforeSources(before: Entries, { seen }: Present): SourceOf {
  return (i) => sourceOf(before, i, atPath(seen, i), hasKnownBytes(before, i))
}

function afterSources(before: Entries | null, after: Entries, present: Present): SourceOf {
  const { seen, origins, firsts } = present
  return (i, filled) => {
    const first = firsts.get(i)
    // All names of a group have what the first has.
    if (first !== undefined) {
      return sourceOf(after, i, typeof first === 'number' ? { entries: filled, at: first } : first, true)
    }
    const here = atPath(seen, i)
    const [isMoved, isLinked] = [after.moved, after.link].map((column) => optionalBytesAt(column, i).length > 0)
    if (!isMoved && !isLinked) return sourceOf(after, i, here, keepsBytes(before, after, i))
    const withTime = hasKnownBytes(after, i)
    return sourceOf(after, i, origins.get(i) ?? null, withTime) ?? sourceOf(after, i, here, withTime)
  }
}

const atPath = (seen: Entries | null, i: number): There | null => (seen === null ? null : { entries: seen, at: i })

/** Null where nothing is there, or what is of another kind: the row is that of a new entry. */
function sourceOf(side: Entries, i: number, there: There | null, withTime: boolean): Source | null {
  const kind = side.kind[i]!
  return kind !== Kind.absent && there !== null && there.entries.kind[there.at] === kind ? { ...there, withTime } : null
}

/** The time is not needed to tell contents apart. */
function hasKnownBytes(side: Entries, i: number): boolean {
  return side.kind[i] !== Kind.file || side.size[i] === 0 || hasContent(side, i)
}

/** The entry stays what it is, and so its time is one that was ignored. */
function keepsBytes(before: Entries | null, after: Entries, i: number): boolean {
  if (before === null || before.kind[i] !== after.kind[i]) return false
  if (after.kind[i] !== Kind.file) return true
  if (before.size[i] !== after.size[i] || !hasKnownBytes(before, i) || !hasKnownBytes(after, i)) return false
  return compareBytes(contentAt(before, i), contentAt(after, i)) === 0
}

type Rules = { unsaid: Unsaid; believesTimes: boolean; touched: Batch['touched'] }

function fill(side: Entries, sources: SourceOf, { unsaid, believesTimes, touched }: Rules): Entries {
  const filled: Entries = { ...side }
  if (unsaid.mode) filled.mode = side.mode.slice()
  if (unsaid.owner) Object.assign(filled, { uid: side.uid.slice(), gid: side.gid.slice() })
  if (unsaid.times) Object.assign(filled, { mtimeSec: side.mtimeSec.slice(), mtimeNsec: side.mtimeNsec.slice() })
  const sets: Uint8Array[] = []
  for (let i = 0; i < side.count; i++) {
    const source = sources(i, filled)
    if (source !== null && touched?.[i] !== 1) take(filled, i, source, unsaid, believesTimes)
    if (unsaid.xattrs === 'none') continue
    const had =
      source?.entries === filled ? sets[source.at]! : optionalBytesAt(source?.entries.xattrs ?? null, source?.at ?? 0)
    const own = optionalBytesAt(side.xattrs, i)
    sets.push(source === null ? own : filledSet(own, had, filled.mode[i]!, unsaid.xattrs))
  }
  if (unsaid.xattrs !== 'none') filled.xattrs = columnOf(sets)
  return filled
}

function take(filled: Entries, i: number, source: Source, unsaid: Unsaid, believesTimes: boolean): void {
  const { entries, at, withTime } = source
  if (unsaid.mode) filled.mode[i] = entries.mode[at]!
  if (unsaid.owner) {
    filled.uid[i] = entries.uid[at]!
    filled.gid[i] = entries.gid[at]!
  }
  if (!unsaid.times || !withTime || (believesTimes && filled.kind[i] === Kind.file)) return
  filled.mtimeSec[i] = entries.mtimeSec[at]!
  filled.mtimeNsec[i] = entries.mtimeNsec[at]!
}

/** Of an access ACL the mode is a part, which may be said. */
function filledSet(own: Uint8Array, had: Uint8Array, mode: number, which: 'trusted' | 'all'): Uint8Array {
  return which === 'all' ? withModeInAcl(had, mode) : withTrustedOf(own, had)
}

function columnOf(sets: readonly Uint8Array[]): BytesColumn | null {
  const column = new BytesColumnBuilder()
  for (const set of sets) column.push(set)
  return column.byteLength === 0 ? null : column.take()
}
