/**
 * Finds what moved in the rows of a diff (spec §8.5), files and whole directories, and tells it in the rows. It has to see
 * all rows before it can give the first one. A row's before is always the entry of the old tree at the row's own path, and
 * its after that of the new tree; `moved` joins the two ends, so that the inverse needs no other order.
 */
import type { Batch } from '../model/batch.ts'
import { hasContent } from '../model/entries.ts'
import { type CompareRules, createCompare } from './compare.ts'
import { copyEntry, markSuspect } from './copy-entry.ts'
import { type Decisions, setMoved, settleDirectories, Votes } from './move-directories.ts'
import { Evidence, findCandidates, pairFiles, weakestEvidence } from './move-evidence.ts'
import { RowOutput } from './row-output.ts'
import { RowStore } from './row-store.ts'
import { findWholeDirs } from './whole-dirs.ts'

export type MoveRules = CompareRules & {
  /** Whether files whose contents are not known may move on weaker evidence; their rows then have no content id. */
  isWeakAllowed: boolean
}

/** The rows of `batches`, a whole changeset without moves, with its moves. Linear in the rows. */
export function findMoves(batches: Iterable<Batch>, rules: MoveRules): Iterable<Batch> {
  const store = new RowStore()
  for (const batch of batches) store.add(batch)
  const decisions = decide(store, rules)
  return decisions === null ? store.batches : rowsWithMoves(store, decisions)
}

/** Null where nothing moved. */
function decide(store: RowStore, rules: MoveRules): Decisions | null {
  const candidates = findCandidates(store)
  const gone = findWholeDirs(store, 'before', candidates)
  const come = findWholeDirs(store, 'after', candidates)
  const decisions: Decisions = {
    movedTo: new Int32Array(store.rowCount).fill(-1),
    movedFrom: new Int32Array(store.rowCount).fill(-1),
    isImplied: new Uint8Array(store.rowCount),
    isGuess: new Uint8Array(store.rowCount),
  }
  // Files that could have moved are paired twice then; a million of them take a second.
  if (gone.rows.length > 0 && come.rows.length > 0) {
    const votes = new Votes(store, gone, come)
    // Votes may rest on weak evidence: they only say where to look, and every entry is compared.
    pairFiles(store, candidates, Evidence.name, true, (origin, destination) => votes.vote(origin, destination))
    settleDirectories(store, gone, come, votes.elect(), createCompare(rules), decisions)
  }
  const left = {
    origins: candidates.origins.filter((row) => !isSettled(decisions, row, decisions.movedTo)),
    destinations: candidates.destinations.filter((row) => !isSettled(decisions, row, decisions.movedFrom)),
  }
  pairFiles(store, left, weakestEvidence(rules.isWeakAllowed), false, (origin, destination, evidence) => {
    if (origin === destination || !isEquallyKnown(store, origin, destination)) return
    setMoved(decisions, origin, destination)
    if (evidence === Evidence.name) decisions.isGuess[destination] = 1
  })
  const isNothing = decisions.movedTo.every((row) => row < 0) && !decisions.isImplied.includes(1)
  return isNothing ? null : decisions
}

function isSettled(decisions: Decisions, row: number, moved: Int32Array): boolean {
  return decisions.isImplied[row] === 1 || moved[row]! >= 0
}

function* rowsWithMoves(store: RowStore, decisions: Decisions): Generator<Batch> {
  const output = new RowOutput()
  let row = 0
  for (const batch of store.batches) {
    output.learnOwners(batch, 'after')
    let d = 0
    for (let i = 0; i < batch.rowCount; i++, row++) {
      while (i >= batch.dirRowEnds[d]!) d++
      if (decisions.isImplied[row] === 0) writeRow(output, store, decisions, batch, d, i, row)
    }
    yield* output.take(false)
  }
  yield* output.take(true)
}

function writeRow(
  output: RowOutput,
  store: RowStore,
  decisions: Decisions,
  batch: Batch,
  d: number,
  i: number,
  row: number,
): void {
  const { builder } = output
  const at = output.startRow(batch, d, i)
  if (batch.before !== null) {
    copyEntry(builder.before, at, batch.before, i)
    const to = decisions.movedTo[row]!
    if (to >= 0) builder.before.setMoved(at, store.pathOf(to))
  }
  if (batch.after !== null) {
    const from = decisions.movedFrom[row]!
    copyEntry(builder.after, at, batch.after, i)
    if (from >= 0) builder.after.setMoved(at, store.pathOf(from))
    if (from >= 0 && !hasContent(batch.after, i)) markSuspect(builder.after, at, decisions.isGuess[row] === 1)
  }
  output.endRow()
}

/** A moved file has an id at both ends or at none: where it has one, its contents are known to be those of its origin. */
export function isEquallyKnown(store: RowStore, origin: number, destination: number): boolean {
  const before = store.batchOf(origin).before!
  const after = store.batchOf(destination).after!
  return hasContent(before, store.indexOf(origin)) === hasContent(after, store.indexOf(destination))
}
