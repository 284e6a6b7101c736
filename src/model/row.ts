/** Rows one by one as objects, for the paths that are not hot: showing, making, replay in memory, tests. */
import { type Batch, BatchBuilder, forEachRow, pathAt } from './batch.ts'
import { type Entry, entryAt } from './entries.ts'
import { splitPath } from './path.ts'

/** One line of a changeset; in a snapshot `before` is null in every row. At least one side is there. */
export type Row = { path: Uint8Array; before: Entry | null; after: Entry | null }

/** The rows of a batch in order. Byte strings of the entries are views on the batch. */
export function rowsOf(batch: Batch): Row[] {
  const rows: Row[] = []
  forEachRow(batch, (d, i) => {
    rows.push({ path: pathAt(batch, d, i), before: entryAt(batch.before, i), after: entryAt(batch.after, i) })
  })
  return rows
}

/** Adds a row behind the last one of the builder. */
export function addRow(builder: BatchBuilder, row: Row): void {
  const { dir, name } = splitPath(row.path)
  const i = builder.addRow(dir, name)
  if (row.before !== null) builder.before.set(i, row.before)
  if (row.after !== null) builder.after.set(i, row.after)
}

/** Rows in row order as batches, cut where the cut rule says (spec §4.3). */
export function batchesOf(rows: Iterable<Row>): Batch[] {
  const builder = new BatchBuilder()
  const batches: Batch[] = []
  const take = (): void => {
    const batch = builder.take()
    if (batch !== null) batches.push(batch)
  }
  for (const row of rows) {
    addRow(builder, row)
    if (builder.isFull) take()
  }
  take()
  return batches
}
