/**
 * What the rows so far say of the directories that later rows lie in: whether one is at the target, stays, goes, or is
 * made anew. Rows come in row order, so that each directory's own row precedes its children; what is held is the
 * directories' rows of the levels above the current one, each until it is passed.
 */
import { type BytesColumn, BytesColumnBuilder, bytesAt } from '../../model/bytes-column.ts'
import { compareRanges, isWithin, joinPath } from '../../model/path.ts'

/** What is known of a directory, as bits. */
export const Dir = {
  /** It is at the target now. */
  here: 1,
  /** It is displaced as a whole, and what it holds goes with it. */
  goes: 2,
  /** It is at the target afterwards, the same directory as now. */
  stays: 4,
  /** A new directory that is built in the stage. */
  staged: 8,
  /** It is moved here from elsewhere. */
  arrives: 16,
  /** It has a row that sets its time at the end. */
  hasRow: 32,
  /** Its row is a conflict, or was left out: nothing can be done below it. */
  blocked: 64,
  /** It goes, and has entries now: rows must name them. */
  holds: 128,
} as const

export type Lineage = {
  /** Bits of Dir. */
  flags: number
  /** Ordinal of the row whose staged directory it is in or is; -1 where it is not staged. */
  stageRoot: number
  /** Length in bytes of that row's path. */
  stageRootLength: number
  /** Where a directory that arrives is now; null for all others. */
  origin: Uint8Array | null
}

const PLAIN = { stageRoot: -1, stageRootLength: 0, origin: null }

/** A path may have half a million levels: one costs little as long as no row names a directory in it. */
type Level = Lineage & {
  path: Uint8Array
  /** The directory at or above it that arrives: from where, and the length of its path; null where none does. */
  arrived: { origin: Uint8Array; pathLength: number } | null
  children: Children | null
}

/** Rows of directories in one directory, ascending by name; the cursor passes them. */
type Children = {
  names: BytesColumnBuilder
  flagsOf: number[]
  ordinals: number[]
  /** By index, of those that arrive. */
  origins: Map<number, Uint8Array>
  taken: BytesColumn | null
  next: number
}

/** What a directory's row means for its children. */
export type Fate = { flags: number; ordinal: number; origin: Uint8Array | null }

export type LineageTracker = {
  /** The directory that the next rows lie in. The same again is fine. */
  enter(dir: Uint8Array): Lineage
  /** Says what the row of a directory in the present one means for its children. */
  note(heap: Uint8Array, start: number, end: number, fate: Fate): void
  /** Corrects what is known of the present directory. */
  correct(flags: number): void
  /** Says that no further row comes. */
  finish(): void
}

const SLASH = 0x2f

/**
 * @param rootFlags what is known of the root
 * @param onPassed is told of each directory that `holds` entries and was passed without any row in it
 */
export function trackLineage(rootFlags: number, onPassed: (path: Uint8Array) => void): LineageTracker {
  const levels: Level[] = [newLevel(new Uint8Array(0), { flags: rootFlags, ...PLAIN }, null)]

  function pop(): void {
    passNames(levels.pop()!, onPassed)
  }

  function enter(dir: Uint8Array): Lineage {
    while (!isWithin(dir, levels.at(-1)!.path)) pop()
    let level = levels.at(-1)!
    // All levels share one copy of the path.
    const path = level.path.length < dir.length ? dir.slice() : dir
    while (level.path.length < path.length) {
      const start = level.path.length === 0 ? 0 : level.path.length + 1
      const slash = path.indexOf(SLASH, start)
      level = childOf(level, path, start, slash < 0 ? path.length : slash, onPassed)
      levels.push(level)
    }
    if (level.arrived !== null) level.origin ??= originOf(level.arrived, level.path)
    return level
  }

  function note(heap: Uint8Array, start: number, end: number, { flags, ordinal, origin }: Fate): void {
    const level = levels.at(-1)!
    if (start === end) {
      level.flags = flags
      return
    }
    level.children ??= newChildren()
    const { origins, names, flagsOf, ordinals } = level.children
    if (origin !== null) origins.set(flagsOf.length, origin)
    names.pushRange(heap, start, end)
    flagsOf.push(flags)
    ordinals.push(ordinal)
  }

  function correct(flags: number): void {
    levels.at(-1)!.flags = flags
  }

  function finish(): void {
    while (levels.length > 0) pop()
  }

  return { enter, note, correct, finish }
}

function newLevel(path: Uint8Array, lineage: Lineage, arrived: Level['arrived']): Level {
  return { ...lineage, path, arrived, children: null }
}

function newChildren(): Children {
  return { names: new BytesColumnBuilder(), flagsOf: [], ordinals: [], origins: new Map(), taken: null, next: 0 }
}

function originOf({ origin, pathLength }: NonNullable<Level['arrived']>, path: Uint8Array): Uint8Array {
  return Buffer.concat([origin, path.subarray(pathLength)])
}

/** The directory path[0..end), whose name in `level` begins at `start`; later questions ask for later names. */
function childOf(
  level: Level,
  path: Uint8Array,
  start: number,
  end: number,
  onPassed: (path: Uint8Array) => void,
): Level {
  const { children } = level
  const own = path.subarray(0, end)
  if (children !== null) {
    children.taken ??= children.names.take()
    const { heap: names, ends } = children.taken
    while (children.next < ends.length) {
      const i = children.next
      const order = compareRanges(names, i === 0 ? 0 : ends[i - 1]!, ends[i]!, path, start, end)
      if (order > 0) break
      children.next++
      if (order === 0) return noted(level, children, i, own)
      passName(level, children, i, onPassed)
    }
  }
  return newLevel(own, { ...PLAIN, flags: inherited(level.flags) }, level.arrived)
}

function passNames(level: Level, onPassed: (path: Uint8Array) => void): void {
  const { children } = level
  if (children === null) return
  children.taken ??= children.names.take()
  for (; children.next < children.taken.ends.length; children.next++) passName(level, children, children.next, onPassed)
}

function passName(level: Level, { flagsOf, taken }: Children, i: number, onPassed: (path: Uint8Array) => void): void {
  if ((flagsOf[i]! & Dir.holds) !== 0) onPassed(joinPath(level.path, bytesAt(taken!, i)))
}

function noted(level: Level, { flagsOf, ordinals, origins }: Children, i: number, path: Uint8Array): Level {
  const flags = flagsOf[i]!
  const origin = origins.get(i)
  const arrived = origin === undefined ? null : { origin, pathLength: path.length }
  if ((flags & Dir.staged) === 0) return newLevel(path, { ...PLAIN, flags }, arrived)
  const { stageRoot, stageRootLength } =
    level.stageRoot < 0 ? { stageRoot: ordinals[i]!, stageRootLength: path.length } : level
  return newLevel(path, { flags, stageRoot, stageRootLength, origin: null }, arrived)
}

/** Of a directory without a row: it shares the fate of the one it lies in, but cannot be new, nor stay in a root that is not there. */
function inherited(flags: number): number {
  const stays = (flags & Dir.here) === 0 ? 0 : Dir.stays
  return flags & (Dir.here | Dir.goes | stays | Dir.arrives | Dir.blocked)
}
