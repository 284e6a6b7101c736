/** The pure verbs run over whole lists of rows, for the laws. */
import type { Batch } from '../../src/model/batch.ts'
import { compareBytes } from '../../src/model/path.ts'
import { batchesOf, type Row, rowsOf } from '../../src/model/row.ts'
import type { CompareRules } from '../../src/tree/compare.ts'
import { Compose } from '../../src/tree/compose.ts'
import { composeMoves } from '../../src/tree/compose-moves.ts'
import { type DiffRules, TreeDiff } from '../../src/tree/diff.ts'
import { invertBatch } from '../../src/tree/invert.ts'
import type { Need } from '../../src/tree/merge.ts'
import { findMoves } from '../../src/tree/moves.ts'
import { isEqualEntry } from '../../src/tree/replay.ts'
import { RowOutput } from '../../src/tree/row-output.ts'
import { RowStore } from '../../src/tree/row-store.ts'

export const plainRules: DiffRules = {
  ignoreTimes: false,
  sizeOnly: false,
  ignored: new Set(),
  filters: null,
  hidesTrusted: false,
}

type Engine = { output: RowOutput; feed(side: 'before' | 'after', batch: Batch | null): void; run(): Need }

/** Feeds two lists of batches to an engine as it asks for them. */
export function drive(engine: Engine, before: Batch[], after: Batch[]): Batch[] {
  const batches: Batch[] = []
  const sides = { before: before.values(), after: after.values() }
  for (;;) {
    const need = engine.run()
    batches.push(...engine.output.take(need === 'nothing'))
    if (need === 'nothing') return batches
    engine.feed(need, sides[need].next().value ?? null)
  }
}

export function diffRows(before: Row[], after: Row[], rules: DiffRules = plainRules): Row[] {
  return drive(new TreeDiff(rules), batchesOf(before), batchesOf(after)).flatMap(rowsOf)
}

/** The same with moves. */
export function diffMoves(before: Row[], after: Row[], isWeakAllowed = false): Row[] {
  const batches = drive(new TreeDiff(plainRules), batchesOf(before), batchesOf(after))
  return [...findMoves(batches, { ...plainRules, isWeakAllowed })].flatMap(rowsOf)
}

export function composeRows(first: Row[], second: Row[], rules: CompareRules = plainRules): Row[] {
  return drive(new Compose(rules), batchesOf(first), batchesOf(second)).flatMap(rowsOf)
}

/** The same where rows tell moves. */
export function composeMoved(first: Row[], second: Row[]): Row[] {
  return [...composeMoves(storeOf(first), storeOf(second), plainRules, new RowOutput())].flatMap(rowsOf)
}

function storeOf(rows: Row[]): RowStore {
  const store = new RowStore()
  for (const batch of batchesOf(rows)) store.add(batch)
  return store
}

export function invertRows(rows: Row[]): Row[] {
  return batchesOf(rows).map(invertBatch).flatMap(rowsOf)
}

/** Throws where two lists of rows differ in more than hints and unknown ids. */
export function assertSameRows(actual: Row[], expected: Row[]): void {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const a = actual[i]
    const b = expected[i]
    if (a === undefined || b === undefined)
      throw new Error(`row ${i}: ${a ? 'too many' : 'missing'}: ${pathOf(a ?? b!)}`)
    if (compareBytes(a.path, b.path) !== 0) throw new Error(`row ${i}: ${pathOf(a)} is not ${pathOf(b)}`)
    for (const side of ['before', 'after'] as const) {
      const x = a[side]
      const y = b[side]
      const isSame = x === null || y === null ? x === y : isEqualEntry(x, y) && compareBytes(x.moved, y.moved) === 0
      if (!isSame) throw new Error(`row ${i}: ${side} of ${pathOf(a)}: ${show(x)} is not ${show(y)}`)
    }
  }
}

function pathOf(row: Row): string {
  return JSON.stringify(Buffer.from(row.path).toString('latin1'))
}

function show(entry: unknown): string {
  return JSON.stringify(entry, (key, value) => {
    if (key === 'hint') return undefined
    return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  })
}
