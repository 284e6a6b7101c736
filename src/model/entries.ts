/**
 * Entries (spec §5): one side of a batch of rows as a struct of arrays. Row i of every column describes the same entry;
 * `kind[i] === Kind.absent` means that the row has no entry on this side, and every other column is then zero or empty.
 * A column that is null is all zero or all empty.
 */

import { Kind } from '../base/constants.ts'
import { type BytesColumn, EMPTY, optionalBytesAt } from './bytes-column.ts'
import { pathKey } from './path.ts'

/** Bytes of a content id: BLAKE3-256. */
export const ID_BYTES = 32

/** The id of the content of no bytes. */
export const NO_BYTES_ID: Uint8Array = Uint8Array.from(
  Buffer.from('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262', 'hex'),
)

export type Entries = {
  count: number
  /** A value of Kind. */
  kind: Uint8Array
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  mode: Uint16Array
  uid: Uint32Array
  gid: Uint32Array
  /** Bytes; 0 for all but regular files. An integer up to 2^53 - 1. */
  size: Float64Array
  /** Seconds since 1970, floor; may be negative. An integer. */
  mtimeSec: Float64Array
  /** 0 to 999,999,999. */
  mtimeNsec: Uint32Array
  /** Device number of char and block devices. */
  rdevMajor: Uint32Array | null
  rdevMinor: Uint32Array | null
  /** Content ids, 32 bytes a row; all zero where none is known. */
  content: Uint8Array | null
  /** Targets of symlinks. */
  target: BytesColumn | null
  /** Path of the first name of the hard-link group, for its later names only. */
  link: BytesColumn | null
  /** On the after side the path an entry was moved from, on the before side the path it was moved to. */
  moved: BytesColumn | null
  /** Extended attributes, encoded as model/xattrs.ts says. */
  xattrs: BytesColumn | null
  hints: Hints | null
}

/** What is true of one host only; never part of a digest, never compared across hosts (spec §5.4). */
export type Hints = {
  ino: BigUint64Array
  devMajor: Uint32Array
  devMinor: Uint32Array
  ctimeSec: Float64Array
  ctimeNsec: Uint32Array
  nlink: Uint32Array
  /** 1 where the entry changed so shortly before it was read that another change could hide in the same tick. */
  racy: Uint8Array
  /** Holes of sparse files, encoded as model/holes.ts says. */
  holes: BytesColumn | null
}

/** One entry on its own, for the paths that are not hot: showing, making, tests. */
export type Entry = {
  kind: number
  mode: number
  uid: number
  gid: number
  size: number
  mtimeSec: number
  mtimeNsec: number
  rdevMajor: number
  rdevMinor: number
  /** 32 bytes, or empty where none is known. */
  content: Uint8Array
  target: Uint8Array
  link: Uint8Array
  moved: Uint8Array
  xattrs: Uint8Array
  hint: Hint | null
}

export type Hint = {
  ino: bigint
  devMajor: number
  devMinor: number
  ctimeSec: number
  ctimeNsec: number
  nlink: number
  racy: number
  holes: Uint8Array
}

/** Row i as an object; null where the row has no entry on this side. Byte strings are views. */
export function entryAt(entries: Entries | null, i: number): Entry | null {
  if (entries === null || entries.kind[i] === Kind.absent) return null
  return {
    kind: entries.kind[i]!,
    mode: entries.mode[i]!,
    uid: entries.uid[i]!,
    gid: entries.gid[i]!,
    size: entries.size[i]!,
    mtimeSec: entries.mtimeSec[i]!,
    mtimeNsec: entries.mtimeNsec[i]!,
    rdevMajor: entries.rdevMajor?.[i] ?? 0,
    rdevMinor: entries.rdevMinor?.[i] ?? 0,
    content: contentAt(entries, i),
    target: optionalBytesAt(entries.target, i),
    link: optionalBytesAt(entries.link, i),
    moved: optionalBytesAt(entries.moved, i),
    xattrs: optionalBytesAt(entries.xattrs, i),
    hint: hintAt(entries.hints, i),
  }
}

function hintAt(hints: Hints | null, i: number): Hint | null {
  if (hints === null) return null
  return {
    ino: hints.ino[i]!,
    devMajor: hints.devMajor[i]!,
    devMinor: hints.devMinor[i]!,
    ctimeSec: hints.ctimeSec[i]!,
    ctimeNsec: hints.ctimeNsec[i]!,
    nlink: hints.nlink[i]!,
    racy: hints.racy[i]!,
    holes: optionalBytesAt(hints.holes, i),
  }
}

/** The content id of row i, a view; empty where none is known. */
export function contentAt(entries: Entries, i: number): Uint8Array {
  if (entries.content === null || !hasContent(entries, i)) return EMPTY
  return entries.content.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)
}

/** Keys (pathKey) of the content ids that rows have. */
export function contentKeys(entries: Entries | null): string[] {
  const keys: string[] = []
  if (entries === null || entries.content === null) return keys
  for (let i = 0; i < entries.count; i++) if (hasContent(entries, i)) keys.push(pathKey(contentAt(entries, i)))
  return keys
}

/** True where row i has a content id. */
export function hasContent(entries: Entries, i: number): boolean {
  const ids = entries.content
  if (ids === null) return false
  for (let k = i * ID_BYTES; k < (i + 1) * ID_BYTES; k++) if (ids[k] !== 0) return true
  return false
}

/** A copy that does not hold on to the batch that the entry comes from; without hints. */
export function ownEntry(entry: Entry): Entry {
  const { content, target, link, moved, xattrs } = entry
  const copies = { content: content.slice(), target: target.slice(), link: link.slice(), xattrs: xattrs.slice() }
  return { ...entry, ...copies, moved: moved.slice(), hint: null }
}
