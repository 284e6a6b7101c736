/** Where contents go in an apply: into the stage, or, where only asked what would be, into a list of what is missing. */

import type { FileSink } from '../../host/stage/file-sink.ts'
import type { Stage } from '../../host/stage/stage.ts'
import { type Basis, fillByRecipe, fillFromBasis, isInBasis, openBefore } from '../../host/stage/stage-basis.ts'
import { closeContents, createContents, isWanted, takePiece, takeWanted, want } from '../../host/stage/stage-content.ts'
import { isAtHand } from '../../host/stage/stage-fill.ts'
import { rowPath, type StagedRow } from '../../host/stage/stage-object.ts'
import {
  type Cooking,
  fail,
  isLiteral,
  type RecipeResult,
  takeLiteral,
  takeRecipe,
} from '../../host/stage/stage-recipe.ts'
import { fillFromSource } from '../../host/stage/stage-source.ts'
import type { Cursor } from '../../host/target/target-cursor.ts'
import { ContentMap } from '../../model/content-map.ts'
import { contentAt } from '../../model/entries.ts'
import type { ContentPiece, Recipe } from '../../model/item.ts'
import { pathKey } from '../../model/path.ts'
import type { KeptContents } from '../plan/kept-contents.ts'

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
  const contents = createContents(stage, files, (path) => openBefore(stage, basis, path))
  let cooking: Cooking | null = null
  /** Recipes whose literals have not begun, by the id of those: first come, first served. */
  const waiting = new Map<string, Recipe[]>()

  /** A recipe may copy from what is staged: all of it must be there. */
  function start(recipe: Recipe): void {
    files.drain()
    if (basis !== null) fillByRecipe(contents, basis, recipe)
    follow(takeRecipe(contents, recipe))
  }

  function follow(result: RecipeResult): void {
    cooking = result.kind === 'open' ? result.cooking : null
    if (result.kind === 'failed') onFailed(result.rows)
  }

  return {
    want(row) {
      if (basis !== null && fillFromBasis(contents, basis, row, rowPath(row))) return
      if (kept === null || !kept.fill(contents, row)) want(contents, row)
    },
    takePiece(piece, isVerified) {
      if (cooking === null && piece.offset === 0 && waiting.size > 0) {
        const recipe = waiting.get(pathKey(piece.id))?.shift()
        if (recipe !== undefined) start(recipe)
      }
      // A content may be wanted for itself and as the literals of a recipe.
      if (cooking !== null && isLiteral(cooking, piece)) follow(takeLiteral(contents, cooking, piece.bytes))
      takePiece(contents, piece, isVerified)
    },
    takeRecipe(recipe) {
      const key = pathKey(recipe.literals)
      if (key === '') start(recipe)
      else if (!isWanted(contents, recipe)) return
      else if (waiting.has(key)) waiting.get(key)!.push(recipe)
      else waiting.set(key, [recipe])
    },
    settle() {
      closeContents(contents)
      waiting.clear()
      if (cooking !== null) follow(fail(contents, cooking))
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

/** Contents that are only counted. */
export function countedContents(basis: Basis | null, source: Cursor | null): ContentSink {
  const wanted = new ContentMap<StagedRow[]>()
  const unnamed: StagedRow[] = []
  let bytes = 0

  function bring(id: Uint8Array, size: number): void {
    const rows = wanted.get(id, size)
    if (rows === undefined) return
    bytes += size * rows.length
    wanted.delete(id, size)
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
    takePiece({ id, size, offset }) {
      if (offset === 0) bring(id, size)
    },
    takeRecipe: ({ id, size }) => bring(id, size),
    settle() {
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
