/** Where contents go in an apply: into the stage, or, where only asked what would be, into a list of what is missing. */

import type { Journal } from '../../host/journal/journal.ts'
import { createHasher } from '../../host/native/blake3.ts'
import type { FileSink } from '../../host/stage/file-sink.ts'
import type { Stage } from '../../host/stage/stage.ts'
import { type Basis, fillByRecipe, fillFromBasis, isInBasis } from '../../host/stage/stage-basis.ts'
import {
  appendTo,
  closeContents,
  createContents,
  dropContent,
  finishContent,
  isWanted,
  openContent,
  takePiece,
  takeWanted,
  want,
} from '../../host/stage/stage-content.ts'
import { isAtHand } from '../../host/stage/stage-fill.ts'
import { rowPath, type StagedRow } from '../../host/stage/stage-object.ts'
import { needsStage, rangeOpener } from '../../host/stage/stage-recipe.ts'
import { fillFromSource } from '../../host/stage/stage-source.ts'
import type { Target } from '../../host/target/target.ts'
import type { Cursor } from '../../host/target/target-cursor.ts'
import { ContentMap } from '../../model/content-map.ts'
import { contentAt } from '../../model/entries.ts'
import type { ContentPiece, Recipe } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import type { KeptContents } from '../plan/kept-contents.ts'
import { RecipeLine, type RecipeSink } from './recipe-line.ts'

export type ContentSink = {
  /** Says that a row waits for its content. */
  want(row: StagedRow): void
  /** @throws FormatError, HostError */
  takePiece(piece: ContentPiece, isVerified: boolean): void
  /** @throws HostError */
  takeRecipe(recipe: Recipe): void
  /** The batch is over: what the stream has not brought is taken from the source. Returns the rows still without. */
  settle(): StagedRow[]
  /** Bytes staged so far. */
  readonly bytes: number
  /** Returns when all that came is staged. @throws HostError */
  drain(): void
  /** Gives up what is not staged; nothing is made any more once it resolves. */
  close(): Promise<void>
}

/**
 * Contents into the stage.
 * @param basis trees that are asked before the stream is; null for none
 * @param kept what earlier applies have left, which is asked next; null for nothing
 * @param source over the root of a tree that may have what the stream does not bring; null for none
 * @param files takes the plain files
 * @param onFailed is given rows whose recipe does not lead to their content: the target's files are not as expected
 */
export function stagedContents(
  stage: Stage,
  basis: Basis | null,
  kept: KeptContents | null,
  source: Cursor | null,
  files: FileSink,
  onFailed: (rows: StagedRow[]) => void,
): ContentSink {
  const contents = createContents(stage, files)
  const recipes = new RecipeLine(rangeOpener(stage.target, stage.journal, stage.newFd, basis), openSink)

  function openSink(recipe: Recipe): RecipeSink | null {
    // A recipe may copy from what is staged: all of it must be there.
    files.drain()
    if (basis !== null) fillByRecipe(contents, basis, recipe)
    if (!isWanted(contents, recipe)) return null
    const open = openContent(contents, recipe.id, recipe.size, createHasher())
    const rows = contents.wanted.get(recipe.id, recipe.size)!
    const giveUp = (): void => {
      contents.wanted.delete(open.id, open.size)
      onFailed(rows)
    }
    return {
      append: (bytes) => appendTo(contents, open, bytes),
      finish: () => {
        if (!finishContent(contents, open)) giveUp()
      },
      fail: () => {
        dropContent(contents, open)
        giveUp()
      },
    }
  }

  return {
    want(row) {
      if (basis !== null && fillFromBasis(contents, basis, row, rowPath(row))) return
      if (kept === null || !kept.fill(contents, row)) want(contents, row)
    },
    takePiece(piece, isVerified) {
      recipes.takePiece(piece)
      takePiece(contents, piece, isVerified)
    },
    takeRecipe(recipe) {
      if (isWanted(contents, recipe)) recipes.take(recipe)
    },
    settle() {
      closeContents(contents)
      recipes.settle()
      const rows = takeWanted(contents)
      return source === null || rows.length === 0 ? rows : fillFromSource(contents, source, rows)
    },
    get bytes() {
      return contents.bytes
    },
    drain: () => files.drain(),
    close() {
      closeContents(contents)
      return files.close()
    },
  }
}

/**
 * Contents that are only counted. A recipe is followed all the same, for what it copies from may not be what it was made from; only
 * one that copies from what would be staged is believed, and any where `isFollowing` says no.
 * @param onFailed as for stagedContents
 */
export function countedContents(
  target: Target,
  journal: Journal,
  basis: Basis | null,
  source: Cursor | null,
  isFollowing: () => boolean,
  onFailed: (rows: StagedRow[]) => void,
): ContentSink {
  const wanted = new ContentMap<StagedRow[]>()
  const unnamed: StagedRow[] = []
  const recipes = new RecipeLine(rangeOpener(target, journal, -1, basis), openSink)
  let bytes = 0

  function bring(id: Uint8Array, size: number): void {
    const rows = wanted.get(id, size)
    if (rows === undefined) return
    bytes += size * rows.length
    wanted.delete(id, size)
  }

  function openSink({ id, size }: Recipe): RecipeSink | null {
    const rows = wanted.get(id, size)
    if (rows === undefined) return null
    const hasher = createHasher()
    const fail = (): void => {
      wanted.delete(id, size)
      onFailed(rows)
    }
    return {
      append: (some) => hasher.update(some),
      finish: () => (compareBytes(hasher.finish(), id) === 0 ? bring(id, size) : fail()),
      fail,
    }
  }

  function isElsewhere(row: StagedRow): boolean {
    if (basis !== null && isInBasis(basis, row)) return true
    return source !== null && isAtHand(source, rowPath(row), row, 'without-id')
  }

  return {
    want(row) {
      const after = row.frame.batch.after!
      const id = contentAt(after, row.i)
      const size = after.size[row.i]!
      if (id.length === 0) unnamed.push(row)
      else wanted.set(id, size, [...(wanted.get(id, size) ?? []), row])
    },
    takePiece(piece) {
      recipes.takePiece(piece)
      if (piece.offset === 0) bring(piece.id, piece.size)
    },
    takeRecipe(recipe) {
      if (wanted.get(recipe.id, recipe.size) === undefined) return
      if (!isFollowing() || needsStage(journal, recipe)) bring(recipe.id, recipe.size)
      else recipes.take(recipe)
    },
    settle() {
      recipes.settle()
      const rows = [...unnamed.splice(0), ...wanted.values().flat()]
      wanted.clear()
      return rows.filter((row) => !isElsewhere(row))
    },
    get bytes() {
      return bytes
    },
    drain() {},
    close: () => Promise.resolve(),
  }
}
