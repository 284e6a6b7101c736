/**
 * Which directories moved as a whole (spec §8.5). Files that moved vote for the directories that they lay and lie in, as
 * far up as names agree; the pair with most votes wins. What lies in both then under the same name need not be told at all.
 */
import { Kind } from '../base/constants.ts'
import { optionalBytesAt } from '../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../model/entries.ts'
import { compareBytes } from '../model/path.ts'
import { ALL_DIFFERENCES, BY_TIME, type Compare, Difference } from './compare.ts'
import { type Half, isSameInode } from './move-evidence.ts'
import type { RowStore } from './row-store.ts'
import type { WholeDirs } from './whole-dirs.ts'

/** What was decided of each row. */
export type Decisions = {
  /** Row that the entry before moves to, or -1. */
  movedTo: Int32Array
  /** Row that the entry after moves from, or -1. */
  movedFrom: Int32Array
  /** 1 where the row is left out: its entry goes along with its directory, unchanged, and so it is moved too. */
  isImplied: Uint8Array
  /** 1 where an entry after is only held to have moved by its size, time and name. */
  isGuess: Uint8Array
}

export type DirectoryPairs = { come: Int32Array; gone: Int32Array }

/** Votes for pairs of directories. */
export class Votes {
  readonly #store: RowStore
  readonly #gone: WholeDirs
  readonly #come: WholeDirs
  readonly #counts = new Map<number, number>()

  constructor(store: RowStore, gone: WholeDirs, come: WholeDirs) {
    this.#store = store
    this.#gone = gone
    this.#come = come
    this.#voteByInode()
  }

  /** A file of row `origin` is held to be that of row `destination`. */
  vote(origin: number, destination: number): void {
    const store = this.#store
    if (store.compareNames(origin, destination) !== 0) return
    let x = this.#gone.nodeOfDir[store.dirOf(origin)]!
    let y = this.#come.nodeOfDir[store.dirOf(destination)]!
    while (x >= 0 && y >= 0) {
      this.#add(x, y)
      if (store.compareNames(this.#gone.rows[x]!, this.#come.rows[y]!) !== 0) return
      x = this.#gone.parents[x]!
      y = this.#come.parents[y]!
    }
  }

  /** The same inode is one vote: enough for a directory without files, not against files. */
  #voteByInode(): void {
    const nodes = new Map<bigint, number>()
    this.#gone.rows.forEach((row, x) => {
      const ino = this.#store.batchOf(row).before!.hints?.ino[this.#store.indexOf(row)] ?? 0n
      if (ino !== 0n) nodes.set(ino, x)
    })
    this.#come.rows.forEach((row, y) => {
      const b = this.#store.batchOf(row).after!
      const j = this.#store.indexOf(row)
      const x = nodes.get(b.hints?.ino[j] ?? 0n)
      if (x === undefined) return
      const origin = this.#gone.rows[x]!
      if (isSameInode(this.#store.batchOf(origin).before!, this.#store.indexOf(origin), b, j)) this.#add(x, y)
    })
  }

  #add(x: number, y: number): void {
    const key = x * this.#come.rows.length + y
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  /** The pairs that win, each directory once: at least half of the files of the smaller one must have voted so. */
  elect(): DirectoryPairs {
    const width = this.#come.rows.length
    const pairs = {
      come: new Int32Array(this.#gone.rows.length).fill(-1),
      gone: new Int32Array(width).fill(-1),
    }
    for (const key of this.#ranked()) {
      const y = key % width
      const x = (key - y) / width
      if (pairs.come[x] === -1 && pairs.gone[y] === -1) {
        pairs.come[x] = y
        pairs.gone[y] = x
      }
    }
    return pairs
  }

  /** Keys by votes, then equal names, then row order, so that the roles of old and new may change. */
  #ranked(): number[] {
    const width = this.#come.rows.length
    const ranked: Array<{ key: number; count: number; isSameName: boolean; low: number; high: number }> = []
    for (const [key, count] of this.#counts) {
      const y = key % width
      const x = (key - y) / width
      if (2 * count < Math.min(this.#gone.fileCounts[x]!, this.#come.fileCounts[y]!)) continue
      const rows = [this.#gone.rows[x]!, this.#come.rows[y]!] as const
      const isSameName = this.#store.compareNames(...rows) === 0
      ranked.push({ key, count, isSameName, low: Math.min(...rows), high: Math.max(...rows) })
    }
    ranked.sort(
      (a, b) => b.count - a.count || Number(b.isSameName) - Number(a.isSameName) || a.low - b.low || a.high - b.high,
    )
    return ranked.map(({ key }) => key)
  }
}

/**
 * Decides what becomes of the rows of paired directories: what is unchanged goes along unsaid, subdirectories of one name
 * that nothing else claims are pairs too, and what changed but kept its contents moves by a row of its own.
 */
export function settleDirectories(
  store: RowStore,
  gone: WholeDirs,
  come: WholeDirs,
  pairs: DirectoryPairs,
  compare: Compare,
  decisions: Decisions,
): void {
  const linked: Array<[origin: number, destination: number]> = []
  for (let x = 0; x < gone.rows.length; x++) {
    const y = pairs.come[x]!
    if (y < 0) continue
    forEachSameName(store, gone.dirs[x]!, come.dirs[y]!, (origin, destination) => {
      const cx = gone.nodeOfRow.get(origin)
      const cy = come.nodeOfRow.get(destination)
      if (cx !== undefined && cy !== undefined) {
        if (pairs.come[cx] === -1 && pairs.gone[cy] === -1) {
          pairs.come[cx] = cy
          pairs.gone[cy] = cx
        }
        if (pairs.come[cx] !== cy) return
      }
      if (isLinked(store, origin, 'before') || isLinked(store, destination, 'after')) linked.push([origin, destination])
      else settleChild(store, origin, destination, compare, decisions)
    })
  }
  for (let x = 0; x < gone.rows.length; x++) {
    const y = pairs.come[x]!
    if (y >= 0 && decisions.isImplied[gone.rows[x]!] === 0) setMoved(decisions, gone.rows[x]!, come.rows[y]!)
  }
  // Last, for what they hang on must be settled.
  for (const [origin, destination] of linked) settleLink(store, origin, destination, compare, decisions)
}

/** Both rows are of one name in two directories that are one. */
function settleChild(store: RowStore, origin: number, destination: number, compare: Compare, to: Decisions): void {
  const a = store.batchOf(origin).before!
  const b = store.batchOf(destination).after!
  const i = store.indexOf(origin)
  const j = store.indexOf(destination)
  if (a.kind[i] !== b.kind[j]) return
  // What is only held to be equal by its time is not left unsaid: it was not at this path before.
  if ((compare(a, i, b, j) & (ALL_DIFFERENCES | BY_TIME)) === 0) setImplied(to, origin, destination)
  else if (isSameContent(a, i, b, j)) setMoved(to, origin, destination)
}

/** A later name of a hard-link group goes along unsaid where the first name does, or has no row and stays where it is. */
function settleLink(store: RowStore, origin: number, destination: number, compare: Compare, to: Decisions): void {
  const a = store.batchOf(origin).before!
  const b = store.batchOf(destination).after!
  const i = store.indexOf(origin)
  const j = store.indexOf(destination)
  const firstBefore = optionalBytesAt(a.link, i)
  const firstAfter = optionalBytesAt(b.link, j)
  if (a.kind[i] !== b.kind[j] || firstBefore.length === 0 || firstAfter.length === 0) return
  if ((compare(a, i, b, j) & (ALL_DIFFERENCES | BY_TIME) & ~Difference.link) !== 0) return
  const first = store.find(firstBefore)
  const place = first < 0 ? firstBefore : to.isImplied[first] === 1 ? store.pathOf(to.movedTo[first]!) : null
  if (place !== null && compareBytes(place, firstAfter) === 0) setImplied(to, origin, destination)
}

function setImplied(decisions: Decisions, origin: number, destination: number): void {
  setMoved(decisions, origin, destination)
  decisions.isImplied[origin] = 1
  decisions.isImplied[destination] = 1
}

function isSameContent(a: Entries, i: number, b: Entries, j: number): boolean {
  if (a.kind[i] !== Kind.file || a.size[i] === 0 || !hasContent(a, i) || !hasContent(b, j)) return false
  return compareBytes(contentAt(a, i), contentAt(b, j)) === 0
}

function isLinked(store: RowStore, row: number, half: Half): boolean {
  return optionalBytesAt(store.batchOf(row)[half]!.link, store.indexOf(row)).length > 0
}

export function setMoved(decisions: Decisions, origin: number, destination: number): void {
  decisions.movedTo[origin] = destination
  decisions.movedFrom[destination] = origin
}

/** Calls `visit` for the rows of two directories that have the same name. */
function forEachSameName(store: RowStore, dirA: number, dirB: number, visit: (a: number, b: number) => void): void {
  if (dirA < 0 || dirB < 0) return
  const a = store.dirs[dirA]!
  const b = store.dirs[dirB]!
  for (let i = a.rowStart, j = b.rowStart; i < a.rowEnd && j < b.rowEnd; ) {
    const order = store.compareNames(i, j)
    if (order === 0) visit(i, j)
    if (order <= 0) i++
    if (order >= 0) j++
  }
}
