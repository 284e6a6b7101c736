/**
 * Rows for others to read: of what an apply will do, each with its state, as a plan has them; and of what it did, for audit,
 * with the state that each ended in (spec §8).
 */
import { State } from '../../base/constants.ts'
import { TOOL } from '../../base/version.ts'
import type { Policy } from '../../host/check/policy.ts'
import type { Journal } from '../../host/journal/journal.ts'
import { frames } from '../../host/journal/journal-walk.ts'
import { BatchBuilder } from '../../model/batch.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { entryAt } from '../../model/entries.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { selectRows } from '../../tree/select-rows.ts'
import { headerWithXattrs } from '../plan/unsaid-rows.ts'
import { type Happening, happenings } from './happenings.ts'

/** Rows that held already are left out of both: nothing is done for them. */
export async function* workItems(journal: Journal, header: Header, end: End): AsyncGenerator<Item> {
  yield {
    kind: 'header',
    header: { ...headerWithXattrs(header), kind: 'plan', tool: TOOL, data: false, dataBefore: false },
  }
  for (const { batch } of frames(journal)) {
    const work = selectRows(batch, (i) => batch.state![i] !== State.done)
    if (work !== null) yield { kind: 'rows', batch: work }
  }
  yield withoutTotals(end)
}

/** The items of the receipt. */
export async function* receiptItems(journal: Journal, header: Header, end: End, policy: Policy): AsyncGenerator<Item> {
  yield {
    kind: 'header',
    header: { ...headerWithXattrs(header), kind: 'receipt', tool: TOOL, data: false, dataBefore: false },
  }
  const builder = new BatchBuilder()
  for (const happening of happenings(journal, policy)) {
    addTold(builder, happening)
    const batch = builder.isFull ? builder.take() : null
    if (batch !== null) yield { kind: 'rows', batch }
  }
  const last = builder.take()
  if (last !== null) yield { kind: 'rows', batch: last }
  yield withoutTotals(end)
}

/** A row in conflict that was done all the same counts as done; one that was left keeps the state that says why. */
function addTold(builder: BatchBuilder, { dir, name, after, end, row }: Happening): void {
  const index = builder.addRow(dir, name)
  const state = row === null ? State.none : row.frame.batch.state![row.i]!
  builder.setState(index, end === 'left' ? state : State.done)
  if (row === null) {
    builder.after.set(index, after!)
    return
  }
  for (const side of ['before', 'after', 'seen'] as const) {
    const entry = entryAt(row.frame.batch[side], row.i)
    if (entry !== null) builder[side].set(index, entry)
  }
}

/** The writer counts. */
function withoutTotals(end: End): Item {
  return { kind: 'end', end: { ...end, contentCount: 0, contentBytes: 0, problemCount: 0, from: EMPTY, to: EMPTY } }
}
