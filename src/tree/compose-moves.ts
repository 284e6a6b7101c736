/**
 * Composes changesets with moves (spec §8.7). An entry of the first tree goes where the second changeset takes it from where
 * the first one took it; all that either changeset has a row for is told. Holds both changesets in memory.
 */
import { Kind } from '../base/constants.ts'
import type { Batch } from '../model/batch.ts'
import { optionalBytesAt } from '../model/bytes-column.ts'
import { contentAt, type Entries, entryAt, hasContent } from '../model/entries.ts'
import { EntriesBuilder } from '../model/entries-builder.ts'
import { isSameStamp } from '../model/need.ts'
import { compareBytes, compareRowPaths, joinPath, keyPath, pathKey, splitPath } from '../model/path.ts'
import { ALL_DIFFERENCES, type CompareRules, createCompare, IGNORED_SHIFT } from './compare.ts'
import { checkMiddle, hasNewContent, notComposable } from './compose.ts'
import { copyEntry, copyEntryKeeping, markSuspect } from './copy-entry.ts'
import type { Half } from './move-evidence.ts'
import { Places } from './places.ts'
import type { RowOutput } from './row-output.ts'
import type { RowStore } from './row-store.ts'

/** An entry that the result tells: row i of `entries`. */
type Told = { entries: Entries; i: number }

/** The rows of the composition, behind those that are in `output` already. Throws RefusedError `not-composable`. */
export function* composeMoves(
  first: RowStore,
  second: RowStore,
  rules: CompareRules,
  output: RowOutput,
): Generator<Batch> {
  const composition = new Composition(new Places(first), new Places(second), rules)
  composition.collect()
  composition.pair()
  for (const batch of first.batches) output.learnOwners(batch, 'before')
  for (const batch of second.batches) output.learnOwners(batch, 'after')
  for (const path of composition.paths()) {
    composition.writeRow(output, path)
    yield* output.take(false)
  }
  yield* output.take(true)
}

class Composition {
  readonly #first: Places
  readonly #second: Places
  readonly #rules: CompareRules
  readonly #compare
  /** What is told of the tree before and of the tree after, by path. */
  readonly #before = new Map<string, Told>()
  readonly #after = new Map<string, Told>()
  /** Entries that are in both trees: path before to path after, and the other way round. */
  readonly #keptTo = new Map<string, string>()
  readonly #keptFrom = new Map<string, string>()
  readonly #scratch = new EntriesBuilder()

  constructor(first: Places, second: Places, rules: CompareRules) {
    this.#first = first
    this.#second = second
    this.#rules = rules
    this.#compare = createCompare(rules)
  }

  /** Finds what either changeset tells of the two outer trees; what both tell of the tree between must agree. */
  collect(): void {
    const first = this.#first
    const second = this.#second
    forEachEntry(first.store, 'before', (path, told) => this.#before.set(path, told))
    forEachEntry(second.store, 'after', (path, told) => this.#after.set(path, told))
    forEachEntry(second.store, 'before', (path, told) => {
      const row = first.find(path, 'after')
      if (row >= 0) checkMiddle(path, first.store.batchOf(row).after!, first.store.indexOf(row), told, this.#rules)
      else this.#put(this.#before, path, first.originOf(path), told, (link) => first.originOf(link))
    })
    forEachEntry(first.store, 'after', (path, told) => {
      if (second.find(path, 'before') < 0) {
        this.#put(this.#after, path, second.placeOf(path), told, (link) => second.placeOf(link))
      }
    })
  }

  /** Tells an entry of the tree between, which the other changeset leaves as it is, under its path in an outer tree. */
  #put(
    side: Map<string, Told>,
    middle: string,
    path: string | null,
    told: Told,
    mapLink: (link: string) => string | null,
  ): void {
    if (path === null || side.has(path)) throw notComposable(middle)
    const link = optionalBytesAt(told.entries.link, told.i)
    const mapped = link.length === 0 ? '' : mapLink(pathKey(link))
    if (mapped === null) throw notComposable(middle)
    side.set(path, mapped === pathKey(link) ? told : this.#withLink(told, mapped))
  }

  #withLink({ entries, i }: Told, link: string): Told {
    this.#scratch.set(0, { ...entryAt(entries, i)!, link: keyPath(link) })
    return { entries: this.#scratch.take(1)!, i: 0 }
  }

  /** Finds what is in both outer trees. */
  pair(): void {
    for (const [path, told] of this.#before) {
      const place = this.#placeOf(path)
      const other = place === null ? undefined : this.#after.get(place)
      if (other === undefined || other.entries.kind[other.i] !== told.entries.kind[told.i]) continue
      if (place !== path && isOtherContent(told, other)) continue
      this.#keptTo.set(path, place!)
      this.#keptFrom.set(place!, path)
    }
  }

  #placeOf(path: string): string | null {
    const place = this.#first.placeOf(path)
    return place === null ? null : this.#second.placeOf(place)
  }

  /** The paths of the rows, in row order. */
  paths(): Uint8Array[] {
    const keys = new Set([...this.#before.keys(), ...this.#after.keys()])
    return [...keys].map(keyPath).sort(compareRowPaths)
  }

  writeRow(output: RowOutput, path: Uint8Array): void {
    const key = pathKey(path)
    const before = this.#isUntold(key, this.#keptTo.get(key)) ? undefined : this.#before.get(key)
    const origin = this.#keptFrom.get(key)
    const after = origin !== undefined && this.#isUntold(origin, key) ? undefined : this.#after.get(key)
    if (before === undefined && after === undefined) return
    if (before !== undefined && after !== undefined && this.#isInPlace(key)) {
      this.#writeChange(output, path, before, after)
      return
    }
    const { builder } = output
    const row = output.startPath(path)
    if (before !== undefined) {
      copyEntry(builder.before, row, withoutMoved(before.entries), before.i)
      const to = this.#keptTo.get(key)
      if (to !== undefined) builder.before.setMoved(row, keyPath(to))
    }
    if (after !== undefined) {
      copyEntry(builder.after, row, withoutMoved(after.entries), after.i)
      if (origin !== undefined) builder.after.setMoved(row, keyPath(origin))
    }
    output.endRow()
  }

  /** True where an entry stays at its path, or another of the same kind takes its place. */
  #isInPlace(key: string): boolean {
    const to = this.#keptTo.get(key)
    if (to !== undefined || this.#keptFrom.has(key)) return to === key
    const a = this.#before.get(key)!
    const c = this.#after.get(key)!
    return a.entries.kind[a.i] === c.entries.kind[c.i]
  }

  #writeChange(output: RowOutput, path: Uint8Array, before: Told, after: Told): void {
    const key = pathKey(path)
    const mask = this.#compare(before.entries, before.i, after.entries, after.i)
    const isOpen = isFileByStamp(before, after) && this.#isContentTouched(key)
    if (!isOpen && (mask & ALL_DIFFERENCES) === 0 && (!this.#keptTo.has(key) || this.#isAlong(key, key))) return
    const { builder } = output
    const row = output.startPath(path)
    copyEntry(builder.before, row, withoutMoved(before.entries), before.i)
    const entries = withoutMoved(after.entries)
    copyEntryKeeping(builder.after, row, entries, after.i, before.entries, before.i, mask >> IGNORED_SHIFT)
    if (isOpen) markSuspect(builder.after, row, true)
    output.endRow()
  }

  /** True where an entry that is somewhere else goes there along with its directory, unchanged: no row need say so. */
  #isUntold(path: string, place: string | undefined): boolean {
    if (place === undefined || place === path || !this.#isAlong(path, place)) return false
    const a = this.#before.get(path)!
    const c = this.#after.get(place)!
    if ((this.#compare(a.entries, a.i, c.entries, c.i) & ALL_DIFFERENCES) !== 0) return false
    return !isFileByStamp(a, c) || !this.#isContentTouched(path)
  }

  /** True where an entry without a row would come to be at `place`. */
  #isAlong(path: string, place: string): boolean {
    if (path === '') return place === ''
    const { dir, name } = splitPath(keyPath(path))
    const dirPlace = this.#placeOf(pathKey(dir)) ?? this.#placeOfNew(pathKey(dir))
    return dirPlace !== null && pathKey(joinPath(keyPath(dirPlace), name)) === place
  }

  /** Where a directory went and one came at its path, the rows say no more than that it stays. */
  #placeOfNew(path: string): string | null {
    return this.#before.has(path) && this.#after.has(path) && this.#isInPlace(path) ? path : null
  }

  /** True where a row on the way says, or cannot tell but, that the contents are other ones. */
  #isContentTouched(path: string): boolean {
    const middle = this.#first.placeOf(path)
    return middle === null || touchesContent(this.#first, path) || touchesContent(this.#second, middle)
  }
}

function touchesContent(places: Places, path: string): boolean {
  const row = places.find(path, 'before')
  return row >= 0 && hasNewContent(places.store.batchOf(row), places.store.indexOf(row))
}

function forEachEntry(store: RowStore, half: Half, visit: (path: string, told: Told) => void): void {
  for (let row = 0; row < store.rowCount; row++) {
    const entries = store.batchOf(row)[half]
    const i = store.indexOf(row)
    if (entries !== null && entries.kind[i] !== Kind.absent) visit(pathKey(store.pathOf(row)), { entries, i })
  }
}

function withoutMoved(entries: Entries): Entries {
  return entries.moved === null ? entries : { ...entries, moved: null }
}

function isFileByStamp(a: Told, c: Told): boolean {
  if (a.entries.kind[a.i] !== Kind.file || a.entries.size[a.i] === 0) return false
  if (hasContent(a.entries, a.i) && hasContent(c.entries, c.i)) return false
  return isSameStamp(a.entries, a.i, c.entries, c.i)
}

/** True where two regular files are not held to have the same contents, or by one side's word only: then it did not move. */
function isOtherContent(a: Told, c: Told): boolean {
  if (a.entries.kind[a.i] !== Kind.file) return false
  const isKnown = hasContent(a.entries, a.i)
  if (isKnown !== hasContent(c.entries, c.i)) return true
  if (!isKnown) return !isSameStamp(a.entries, a.i, c.entries, c.i)
  return compareBytes(contentAt(a.entries, a.i), contentAt(c.entries, c.i)) !== 0
}
