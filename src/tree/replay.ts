/**
 * A changeset replayed in memory (spec §8.1): what applying it must come to, in its plainest form. For trees that fit
 * into memory; the judge of diff, invert, compose and apply.
 */
import { Kind } from '../base/constants.ts'
import { RefusedError } from '../base/errors.ts'
import { EMPTY } from '../model/bytes-column.ts'
import type { Entry } from '../model/entries.ts'
import { escapeBytes } from '../model/escape.ts'
import { compareBytes, compareRowPaths, joinPath, keyPath, pathKey, splitPath } from '../model/path.ts'
import type { Row } from '../model/row.ts'

/**
 * The tree that `rows` lead to from `tree` (rows of a snapshot, in row order). Throws RefusedError `conflict` where the
 * tree is not the one that the rows lead from, or where they lead to no tree.
 */
export function replay(tree: readonly Row[], rows: Iterable<Row>): Row[] {
  const changes = new Map<string, Row>()
  for (const row of rows) changes.set(pathKey(row.path), row)
  const places = placeAll(tree, changes)
  const result = new Map<string, Entry>()
  for (const { path, after } of tree) {
    const key = pathKey(path)
    const place = places.get(key)
    if (changes.get(key)?.before || typeof place !== 'string') continue
    put(result, place, followLink(after!, places))
  }
  for (const [key, { before, after }] of changes) {
    if (before !== null && places.get(key) === undefined) conflict(key, 'is not there')
    if (after !== null) put(result, key, { ...after, moved: EMPTY })
  }
  checkMoves(changes)
  return sortedTree(result)
}

/**
 * Where each entry of the tree goes: a row says so; without one an entry goes where its directory goes. Null for what
 * goes away.
 */
function placeAll(tree: readonly Row[], changes: ReadonlyMap<string, Row>): Map<string, string | null> {
  const places = new Map<string, string | null>()
  for (const { path, after: entry } of tree) {
    const key = pathKey(path)
    const change = changes.get(key)
    if (change?.before) {
      if (!isEqualEntry(entry!, change.before)) conflict(key, 'is not what the row says')
      places.set(key, placeOfRow(key, change))
      continue
    }
    const { dir, name } = splitPath(path)
    const place = path.length === 0 ? '' : places.get(pathKey(dir))
    if (place === undefined || place === null) conflict(key, 'stays, but its directory goes away')
    places.set(key, pathKey(joinPath(keyPath(place!), name)))
  }
  return places
}

function placeOfRow(key: string, { before, after }: Row): string | null {
  if (before!.moved.length > 0) return pathKey(before!.moved)
  return after === null || after.moved.length > 0 || after.kind !== before!.kind ? null : key
}

/** An entry that stays as it is names the first name of its hard-link group by that one's new path. */
function followLink(entry: Entry, places: ReadonlyMap<string, string | null>): Entry {
  if (entry.link.length === 0) return entry
  const place = places.get(pathKey(entry.link))
  if (place === undefined || place === null) conflict(pathKey(entry.link), 'goes away as first name of a group')
  return { ...entry, link: keyPath(place!) }
}

function put(result: Map<string, Entry>, key: string, entry: Entry): void {
  if (result.has(key)) conflict(key, 'is there twice')
  result.set(key, entry)
}

/** Each move is told at both ends. */
function checkMoves(changes: ReadonlyMap<string, Row>): void {
  for (const [key, { before, after }] of changes) {
    if (before !== null && before.moved.length > 0) {
      const there = changes.get(pathKey(before.moved))?.after
      if (!there || there.kind !== before.kind || pathKey(there.moved) !== key)
        conflict(key, 'moves to where no row says so')
    }
    if (after !== null && after.moved.length > 0) {
      const there = changes.get(pathKey(after.moved))?.before
      if (!there || pathKey(there.moved) !== key) conflict(key, 'moves from where no row says so')
    }
  }
}

/** The rows in order, if they are a tree: all but the root lie in a directory, and links name a first name. */
function sortedTree(entries: ReadonlyMap<string, Entry>): Row[] {
  for (const [key, { link }] of entries) {
    const { dir } = splitPath(keyPath(key))
    if (key !== '' && entries.get(pathKey(dir))?.kind !== Kind.directory) conflict(key, 'lies in no directory')
    if (link.length === 0) continue
    const first = entries.get(pathKey(link))
    if (first === undefined || first.link.length > 0 || compareRowPaths(link, keyPath(key)) >= 0) {
      conflict(key, 'is linked to what is no first name')
    }
  }
  return [...entries]
    .map(([key, after]): Row => ({ path: keyPath(key), before: null, after }))
    .sort((a, b) => compareRowPaths(a.path, b.path))
}

/** True where two entries are equal, hints and moves apart; an id that is not known equals any. */
export function isEqualEntry(a: Entry, b: Entry): boolean {
  return (
    a.kind === b.kind &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.size === b.size &&
    a.mtimeSec === b.mtimeSec &&
    a.mtimeNsec === b.mtimeNsec &&
    a.rdevMajor === b.rdevMajor &&
    a.rdevMinor === b.rdevMinor &&
    (a.content.length === 0 || b.content.length === 0 || compareBytes(a.content, b.content) === 0) &&
    compareBytes(a.target, b.target) === 0 &&
    compareBytes(a.link, b.link) === 0 &&
    compareBytes(a.xattrs, b.xattrs) === 0
  )
}

function conflict(key: string, what: string): never {
  throw new RefusedError('conflict', `${escapeBytes(keyPath(key))} ${what}`)
}
