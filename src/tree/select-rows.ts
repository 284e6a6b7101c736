/** A batch without some of its rows. */
import { type Batch, BatchBuilder, forEachRow } from '../model/batch.ts'
import { bytesAt, startOf } from '../model/bytes-column.ts'

/** The rows of a batch for which `keep` is true, or null where there are none. Owners stay: they are hints. */
export function selectRows(batch: Batch, keep: (i: number) => boolean): Batch | null {
  const builder = new BatchBuilder()
  forEachRow(batch, (d, i) => {
    if (!keep(i)) return
    const row = builder.addRowRange(
      bytesAt(batch.dirs, d),
      batch.names.heap,
      startOf(batch.names, i),
      batch.names.ends[i]!,
    )
    for (const side of ['before', 'after', 'seen'] as const) {
      const entries = batch[side]
      if (entries !== null) builder[side].copy(row, entries, i)
    }
    if (batch.state !== null) builder.setState(row, batch.state[i]!)
    if (batch.touched?.[i] === 1) builder.setTouched(row)
  })
  const selected = builder.take()
  if (selected !== null) selected.owners = batch.owners
  return selected
}
