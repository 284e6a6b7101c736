/** Rows that tell moves, found by inode numbers: what a diff of two snapshots of one disk may say. */
import { Kind } from '../../src/base/constants.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import type { Entry } from '../../src/model/entries.ts'
import { compareBytes, compareRowPaths, keyPath, pathKey, splitPath } from '../../src/model/path.ts'
import type { Row } from '../../src/model/row.ts'
import { isEqualEntry } from '../../src/tree/replay.ts'

/** The rows that lead from one list to another of the same disk. A directory that moved is one row a side. */
export function diffWithMoves(before: Row[], after: Row[]): Row[] {
  const places = new Map<string, string>()
  for (const { path, after: entry } of before) if (isSingle(entry!)) places.set(inodeKey(entry!), pathKey(path))
  const old = new Map(before.map((row) => [pathKey(row.path), row.after!]))
  const origins = new Map<string, string>()
  for (const { path, after: entry } of after) {
    const origin = isSingle(entry!) ? places.get(inodeKey(entry!)) : undefined
    const key = pathKey(path)
    if (origin !== undefined && path.length > 0 && origin !== '' && isSameObject(old.get(origin)!, entry!)) {
      origins.set(key, origin)
    } else if (old.has(key) && !isOrigin(origins, key)) origins.set(key, key)
  }
  return mergeRows(old, after, dropTakenTwice(origins))
}

function isSingle(entry: Entry): boolean {
  return entry.kind === Kind.directory || entry.hint!.nlink === 1
}

/** A number of an inode is used again: what has other contents has not moved. */
function isSameObject(was: Entry, is: Entry): boolean {
  return compareBytes(was.content, is.content) === 0 && compareBytes(was.target, is.target) === 0
}

function inodeKey(entry: Entry): string {
  return `${entry.kind}:${entry.hint!.ino}`
}

function isOrigin(origins: Map<string, string>, key: string): boolean {
  return [...origins.values()].includes(key)
}

/** Each entry goes to one place. */
function dropTakenTwice(origins: Map<string, string>): Map<string, string> {
  const taken = new Set<string>()
  const kept = new Map<string, string>()
  const inOrder = [...origins].sort(([a, x], [b, y]) => Number(a === x) - Number(b === y))
  for (const [key, origin] of inOrder) {
    if (taken.has(origin)) continue
    taken.add(origin)
    kept.set(key, origin)
  }
  return kept
}

function mergeRows(old: Map<string, Entry>, after: Row[], origins: Map<string, string>): Row[] {
  const rows = new Map<string, Row>()
  const rowAt = (key: string): Row => {
    const row = rows.get(key) ?? { path: keyPath(key), before: null, after: null }
    rows.set(key, row)
    return row
  }
  const gone = new Set(old.keys())
  for (const { path, after: entry } of after) {
    const key = pathKey(path)
    const origin = origins.get(key)
    const was = origin === undefined ? null : old.get(origin)!
    if (origin !== undefined) gone.delete(origin)
    if (origin === key) {
      if (was !== null && isEqualEntry(was, entry!)) continue
      rowAt(key).before = was
      rowAt(key).after = entry
    } else if (was === null) {
      rowAt(key).after = entry
    } else if (!isTakenAlong(origins, key, origin!) || !isEqualEntry({ ...was, link: EMPTY }, entry!)) {
      rowAt(origin!).before = { ...was, moved: path }
      rowAt(key).after = { ...entry!, moved: keyPath(origin!) }
    }
  }
  for (const key of gone) rowAt(key).before = old.get(key)!
  return [...rows.values()].sort((a, b) => compareRowPaths(a.path, b.path))
}

/** True where the directory that it lies in moved, and it with it. */
function isTakenAlong(origins: Map<string, string>, key: string, origin: string): boolean {
  const to = splitPath(keyPath(key))
  const from = splitPath(keyPath(origin))
  return compareBytes(to.name, from.name) === 0 && origins.get(pathKey(to.dir)) === pathKey(from.dir)
}
