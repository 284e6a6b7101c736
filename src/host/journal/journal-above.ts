/**
 * Which directory above a path has a row of the journal. A stranger's path has half a million names: what lies between it and
 * the rows before it in row order is stepped over at once, for nothing can be there.
 */
import { type BytesColumn, bytesAt } from '../../model/bytes-column.ts'
import { compareBytes, comparePaths, isWithin, splitPath } from '../../model/path.ts'
import { type Found, findRow, frameOf, type Journal, search } from './journal.ts'
import { Op } from './journal-frame.ts'

/** A row and its path. */
export type FoundAt = Found & { path: Uint8Array }

/** The rows of a directory and of those above it, the nearest first and the root aside. @throws HostError */
export function* rowsUpwards(journal: Journal, dir: Uint8Array): Generator<FoundAt> {
  if (dir.length === 0) return
  const own = findRow(journal, dir)
  if (own !== null) yield { ...own, path: dir }
  for (let above = findAbove(journal, dir); above !== null; above = findAbove(journal, above.path)) yield above
}

/** Finds the nearest row at or above a directory that displaces it; null where none does. */
export type DisplacedFinder = (dir: Uint8Array) => FoundAt | null

/** For directories one after the other, in row order or against it: what was found of a neighbour need not be sought again up to the root. */
export function createDisplacedFinder(journal: Journal): DisplacedFinder {
  let last: { dir: Uint8Array; found: FoundAt | null } | null = null

  function find(dir: Uint8Array): FoundAt | null {
    for (const row of rowsUpwards(journal, dir)) {
      // What is above both, and not above what was found, displaces nothing but that.
      const isShared = last !== null && isWithin(last.dir, row.path)
      if (isShared && row.path.length >= (last!.found?.path.length ?? 0)) return last!.found
      if ((row.frame.op[row.i]! & (Op.out | Op.swap)) !== 0) return row
    }
    return null
  }

  return (dir) => {
    const found = find(dir)
    last = { dir: dir.slice(), found }
    return found
  }
}

/**
 * The nearest directory above a path that has a row, the root aside; null where none has.
 * @throws HostError
 */
export function findAbove(journal: Journal, path: Uint8Array): FoundAt | null {
  let above = splitPath(path).dir
  while (above.length > 0) {
    const frame = frameOf(journal, above)
    if (frame === null) return null
    const { dir, name } = splitPath(above)
    const { dirs, dirRowEnds, names } = frame.batch
    const d = searchLast(dirs, dirRowEnds.length, dir)
    const before = bytesAt(dirs, d)
    if (compareBytes(before, dir) !== 0) {
      above = above.subarray(0, endBelow(above, before))
      continue
    }
    const i = search(names, d === 0 ? 0 : dirRowEnds[d - 1]!, dirRowEnds[d]!, name, compareBytes)
    if (i >= 0) return { frame, d, i, path: above }
    above = dir
  }
  return null
}

/** Where the name of `path` ends that follows what it shares with another path, in whole names. */
function endBelow(path: Uint8Array, other: Uint8Array): number {
  let end = 0
  for (let at = 0; ; at++) {
    const isEnd = at === other.length
    if (isEnd ? path[at] === SLASH : path[at] === SLASH && other[at] === SLASH) end = at + 1
    if (isEnd || path[at] !== other[at]) break
  }
  const next = path.indexOf(SLASH, end)
  return next < 0 ? path.length : next
}

const SLASH = 0x2f

/** Index of the last directory that is not behind `wanted`; the first one never is. */
function searchLast(column: BytesColumn, count: number, wanted: Uint8Array): number {
  let low = 0
  let high = count - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (comparePaths(bytesAt(column, middle), wanted) <= 0) low = middle
    else high = middle - 1
  }
  return low
}
