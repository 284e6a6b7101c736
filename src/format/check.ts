/** What the values of a batch must satisfy (spec §5.4, §6.4): ranges, attributes by kind, sides by stream kind. */
import { Kind, Limits } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import { type Batch, forEachRow, pathAt } from '../model/batch.ts'
import { type BytesColumn, bytesAt, optionalBytesAt } from '../model/bytes-column.ts'
import { type Entries, type Hints, hasContent, ID_BYTES, NO_BYTES_ID } from '../model/entries.ts'
import { checkHoles } from '../model/holes.ts'
import type { StreamKind } from '../model/item.ts'
import { compareBytes, compareRanges, compareRowPaths, isPath } from '../model/path.ts'
import { NSEC_MAX } from '../model/time.ts'
import { checkXattrs } from '../model/xattrs.ts'

const MODE_MAX = 0o7777

/** Checks a decoded batch. Throws FormatError with `offset`. */
export function checkBatch(batch: Batch, kind: StreamKind, offset: number): void {
  const bound = kind === 'plan' || kind === 'receipt'
  if (!bound && (batch.seen !== null || batch.state !== null))
    throw new FormatError('wrong-side', offset, `seen or state in a ${kind}`)
  if (kind === 'snapshot' && batch.before !== null) throw new FormatError('wrong-side', offset, 'before in a snapshot')
  checkPresence(batch, offset)
  if (batch.after !== null) checkEntries(batch.after, offset, 'after')
  if (batch.before !== null) checkEntries(batch.before, offset, 'before')
  if (batch.seen !== null) checkEntries(batch.seen, offset, 'seen')
  if (batch.after !== null && batch.before !== null) checkOneSize(batch.before, batch.after, offset)
  checkOwnPaths(batch, offset)
}

function checkPresence(batch: Batch, offset: number): void {
  for (const side of [batch.after, batch.before, batch.seen]) {
    if (side !== null && !side.kind.some((kind) => kind !== Kind.absent))
      throw new FormatError('wrong-side', offset, 'a side without any entry')
  }
  const after = batch.after?.kind
  const before = batch.before?.kind
  for (let i = 0; i < batch.rowCount; i++) {
    if ((after === undefined || after[i] === 0) && (before === undefined || before[i] === 0)) {
      throw new FormatError('wrong-side', offset, `row ${i} has neither before nor after`)
    }
  }
}

function checkEntries(entries: Entries, offset: number, side: string): void {
  checkRanges(entries, offset, side)
  checkNumbers(entries, offset, side)
  if (entries.content !== null) checkContent(entries, offset, side)
  checkTargets(entries, offset, side)
  checkLinks(entries, offset, side)
  forEachBytes(entries.xattrs, (i, bytes) => {
    requireKind(entries.kind[i] !== Kind.absent, offset, side, i, 'xattrs')
    if (bytes.length > Limits.xattrsBytesMax || !checkXattrs(bytes))
      throw new FormatError('bad-xattrs', offset, `${side} row ${i}`)
  })
  if (entries.hints !== null) checkHints(entries, entries.hints, offset, side)
}

function checkRanges(entries: Entries, offset: number, side: string): void {
  const { count, kind, mode, size, mtimeSec, mtimeNsec } = entries
  for (let i = 0; i < count; i++) {
    if (
      kind[i]! > Kind.block ||
      mode[i]! > MODE_MAX ||
      mtimeNsec[i]! > NSEC_MAX ||
      !(size[i]! >= 0 && size[i]! <= Limits.sizeMax) ||
      !(Math.abs(mtimeSec[i]!) <= Limits.sizeMax)
    )
      throw new FormatError('bad-value', offset, `${side} row ${i}`)
  }
}

function checkNumbers(entries: Entries, offset: number, side: string): void {
  const { count, kind, mode, uid, gid, size, mtimeSec, mtimeNsec, rdevMajor, rdevMinor } = entries
  for (let i = 0; i < count; i++) {
    const kindHere = kind[i]!
    if (size[i] !== 0) requireKind(kindHere === Kind.file, offset, side, i, 'size')
    if (kindHere === Kind.absent) {
      const bits = mode[i]! | uid[i]! | gid[i]! | mtimeNsec[i]!
      requireKind(bits === 0 && mtimeSec[i] === 0, offset, side, i, 'metadata')
    }
    if (kindHere === Kind.char || kindHere === Kind.block) continue
    const rdev = (rdevMajor?.[i] ?? 0) | (rdevMinor?.[i] ?? 0)
    requireKind(rdev === 0, offset, side, i, 'rdev')
  }
}

function checkContent(entries: Entries, offset: number, side: string): void {
  if (entries.content!.length !== entries.count * ID_BYTES)
    throw new FormatError('bad-column', offset, `${side}.content`)
  for (let i = 0; i < entries.count; i++) {
    if (!hasContent(entries, i)) continue
    requireKind(entries.kind[i] === Kind.file, offset, side, i, 'content')
    if ((entries.size[i] === 0) !== isNoBytes(entries.content!, i))
      throw new FormatError('bad-attribute', offset, `${side} row ${i}: the id is not that of a content of its size`)
  }
}

/** True where the id of row i is that of no bytes. */
function isNoBytes(ids: Uint8Array, i: number): boolean {
  const start = i * ID_BYTES
  return ids[start] === NO_BYTES_ID[0] && compareRanges(ids, start, start + ID_BYTES, NO_BYTES_ID, 0, ID_BYTES) === 0
}

/** Two sides with the same content have the same size. */
function checkOneSize(before: Entries, after: Entries, offset: number): void {
  if (before.content === null || after.content === null) return
  for (let i = 0, start = 0; i < after.count; i++, start += ID_BYTES) {
    if (before.size[i] === after.size[i] || !hasContent(after, i)) continue
    if (compareRanges(before.content, start, start + ID_BYTES, after.content, start, start + ID_BYTES) === 0)
      throw new FormatError('bad-attribute', offset, `row ${i}: one content of two sizes`)
  }
}

function checkTargets(entries: Entries, offset: number, side: string): void {
  const { count, kind, target } = entries
  for (let i = 0, start = 0; i < count; i++) {
    const end = target === null ? 0 : target.ends[i]!
    requireKind((kind[i] === Kind.symlink) === end > start, offset, side, i, 'target')
    if (end > start && target!.heap.subarray(start, end).includes(0))
      throw new FormatError('bad-value', offset, `${side}.target row ${i}`)
    if (end - start > Limits.pathBytesMax) throw new FormatError('path-too-long', offset, `${side}.target row ${i}`)
    start = end
  }
}

function checkLinks(entries: Entries, offset: number, side: string): void {
  forEachBytes(entries.link, (i, path) => {
    requireKind(entries.kind[i] !== Kind.absent && entries.kind[i] !== Kind.directory, offset, side, i, 'link')
    checkPath(path, offset)
  })
  forEachBytes(entries.moved, (i, path) => {
    requireKind(entries.kind[i] !== Kind.absent, offset, side, i, 'moved')
    checkPath(path, offset)
  })
}

function checkPath(path: Uint8Array, offset: number): void {
  if (path.length > Limits.pathBytesMax) throw new FormatError('path-too-long', offset, `${path.length} bytes`)
  if (!isPath(path)) throw new FormatError('bad-name', offset, 'a link or moved path is not made of names')
}

/** A first name comes before the names that link to it, and nothing moves from or to where it is. */
function checkOwnPaths(batch: Batch, offset: number): void {
  const link = batch.after?.link ?? null
  const origins = [batch.after?.moved ?? null, batch.before?.moved ?? null].filter((column) => column !== null)
  if (link === null && origins.length === 0) return
  forEachRow(batch, (d, i) => {
    const first = optionalBytesAt(link, i)
    const moved = origins.map((column) => bytesAt(column, i)).filter((path) => path.length > 0)
    if (first.length === 0 && moved.length === 0) return
    const path = pathAt(batch, d, i)
    if (first.length > 0 && compareRowPaths(first, path) >= 0)
      throw new FormatError('bad-link', offset, `row ${i} links to a name that does not come before it`)
    if (moved.some((other) => compareBytes(other, path) === 0))
      throw new FormatError('bad-link', offset, `row ${i} is moved to or from itself`)
  })
}

function checkHints(entries: Entries, hints: Hints, offset: number, side: string): void {
  for (let i = 0; i < entries.count; i++) {
    const inRange =
      Math.abs(hints.ctimeSec[i]!) <= Limits.sizeMax && hints.ctimeNsec[i]! <= NSEC_MAX && hints.racy[i]! <= 1
    if (!inRange) throw new FormatError('bad-value', offset, `${side} hints row ${i}`)
    if (entries.kind[i] !== Kind.absent) continue
    const bits = hints.devMajor[i]! | hints.devMinor[i]! | hints.ctimeNsec[i]! | hints.nlink[i]! | hints.racy[i]!
    requireKind(bits === 0 && hints.ctimeSec[i] === 0 && hints.ino[i] === 0n, offset, side, i, 'hints')
  }
  forEachBytes(hints.holes, (i, bytes) => {
    requireKind(entries.kind[i] === Kind.file, offset, side, i, 'holes')
    if (!checkHoles(bytes, entries.size[i]!)) throw new FormatError('bad-holes', offset, `${side} row ${i}`)
  })
}

function requireKind(fits: boolean, offset: number, side: string, i: number, attribute: string): void {
  if (!fits) throw new FormatError('bad-attribute', offset, `${side} row ${i}: ${attribute} does not go with its kind`)
}

function forEachBytes(column: BytesColumn | null, visit: (i: number, bytes: Uint8Array) => void): void {
  if (column === null) return
  for (let i = 0; i < column.ends.length; i++) {
    const bytes = bytesAt(column, i)
    if (bytes.length > 0) visit(i, bytes)
  }
}
