/**
 * Contents built by a recipe (spec §7.4): ranges copied from the target's old files, from what is staged, zeros, and literal
 * bytes that the stream sends behind the recipe. The whole is hashed like any other content.
 */
import type { ContentPiece, CopyRange, Recipe, RecipeRange } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { openFile, readAt, readBuffer } from '../entry/see.ts'
import { forZeros } from '../entry/zeros.ts'
import { locateAfter } from '../journal/stage-place.ts'
import { createHasher } from '../native/blake3.ts'
import { libc } from '../native/libc.ts'
import { closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import { type ReadRange, SqueezedParts } from './squeezed-parts.ts'
import type { Stage } from './stage.ts'
import {
  appendTo,
  type Contents,
  dropContent,
  finishContent,
  isWanted,
  type OpenContent,
  openContent,
} from './stage-content.ts'
import { openInTarget, type StagedRow } from './stage-object.ts'

/** A recipe that waits for its literals. */
export type Cooking = {
  open: OpenContent
  literals: Uint8Array
  ranges: RecipeRange[]
  /** Present range, and the bytes of it that are done. */
  next: number
  done: number
  /** What makes literal bytes of those that come; null where they are it. */
  parts: SqueezedParts | null
}

export type RecipeResult =
  | { kind: 'done' }
  /** The literals are still to come. */
  | { kind: 'open'; cooking: Cooking }
  /** A file to copy from is not what the recipe was made for: the target is not as expected. */
  | { kind: 'failed'; rows: StagedRow[] }

const DONE: RecipeResult = { kind: 'done' }

/** Takes a recipe of the stream; one that no row waits for is passed over. @throws HostError */
export function takeRecipe(contents: Contents, recipe: Recipe): RecipeResult {
  if (!isWanted(contents, recipe)) return DONE
  const open = openContent(contents, recipe.id, recipe.size, createHasher())
  const { ranges, squeezes } = recipe
  const read: ReadRange = (range, use) => readRange(contents, range, use)
  const parts = squeezes.length > 0 ? new SqueezedParts(squeezes, read) : null
  return goOn(contents, { open, literals: recipe.literals.slice(), ranges, next: 0, done: 0, parts })
}

/** True where a piece belongs to the literals of a recipe. */
export function isLiteral(cooking: Cooking, piece: ContentPiece): boolean {
  return compareBytes(cooking.literals, piece.id) === 0
}

/** Takes the next bytes of the content that the literals come in. @throws HostError */
export function takeLiteral(contents: Contents, cooking: Cooking, bytes: Uint8Array): RecipeResult {
  const use = (literal: Uint8Array): boolean => fill(contents, cooking, literal)
  const fits = cooking.parts === null ? use(bytes) : cooking.parts.take(bytes, use)
  return fits ? goOn(contents, cooking) : fail(contents, cooking)
}

/** Literal bytes into the literal ranges; copies between them are made. False where they do not fit. */
function fill(contents: Contents, cooking: Cooking, bytes: Uint8Array): boolean {
  let rest = bytes
  while (rest.length > 0) {
    if (!copyRanges(contents, cooking)) return false
    const range = cooking.ranges[cooking.next]
    if (range === undefined) return false
    const part = rest.subarray(0, range.length - cooking.done)
    appendTo(contents, cooking.open, part)
    rest = rest.subarray(part.length)
    cooking.done += part.length
    if (cooking.done < range.length) continue
    cooking.next++
    cooking.done = 0
  }
  return true
}

/** Copies until literals are needed, or all is there. */
function goOn(contents: Contents, cooking: Cooking): RecipeResult {
  if (!copyRanges(contents, cooking)) return fail(contents, cooking)
  if (cooking.next < cooking.ranges.length) return { kind: 'open', cooking }
  const { open } = cooking
  const rows = contents.wanted.get(open.id, open.size)!
  return finishContent(contents, open) ? DONE : failRows(contents, open, rows)
}

/** Gives a recipe up. */
export function fail(contents: Contents, cooking: Cooking): RecipeResult {
  const { open } = cooking
  dropContent(contents, open)
  return failRows(contents, open, contents.wanted.get(open.id, open.size)!)
}

function failRows({ wanted }: Contents, { id, size }: OpenContent, rows: StagedRow[]): RecipeResult {
  wanted.delete(id, size)
  return { kind: 'failed', rows }
}

/** False where a range cannot be copied. */
function copyRanges(contents: Contents, cooking: Cooking): boolean {
  for (; cooking.next < cooking.ranges.length; cooking.next++) {
    const range = cooking.ranges[cooking.next]!
    if (range.from === 'literal') return true
    const append = (bytes: Uint8Array): void => appendTo(contents, cooking.open, bytes)
    if (range.from === 'zeros') forZeros(range.length, append)
    else if (!readRange(contents, range, append)) return false
  }
  return true
}

/** Reads a range in pieces. False where it is not all there. */
function readRange(contents: Contents, range: CopyRange, use: (bytes: Uint8Array) => void): boolean {
  const fd = range.from === 'before' ? contents.openBefore(range.path) : openAfter(contents.stage, range.path)
  if (fd === -1) return false
  try {
    const { bytes, address } = readBuffer()
    for (let done = 0; done < range.length; ) {
      const size = Math.min(bytes.length, range.length - done)
      const length = readAt(fd, address, size, range.offset + done, range.path)
      if (length === 0) return false
      use(bytes.subarray(0, length))
      done += length
    }
    return true
  } finally {
    libc.close(fd)
  }
}

/** Opens what will be at a path afterwards, where it is now; -1 where that is nowhere. */
export function openAfter(stage: Stage, path: Uint8Array): number {
  const location = locateAfter(stage.journal, path)
  if (location === null) return -1
  if (location.in === 'target') return openInTarget(stage, location.path)
  const { dir, name } = location.place
  // Not the stage's own cursor: the rows' place in it stays.
  const cursor = createCursor(stage.newFd)
  const dirFd = enter(cursor, dir)
  const fd = dirFd === -1 ? -1 : openFile(dirFd, name, null)
  closeCursor(cursor)
  return fd
}
