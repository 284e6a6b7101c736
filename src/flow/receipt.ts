/** What an apply did, for audit: its rows with what was seen before, and the state that each ended in (spec §8). */
import { State } from '../base/constants.ts'
import { TOOL } from '../base/version.ts'
import type { Journal } from '../host/journal.ts'
import { frames } from '../host/journal-walk.ts'
import type { Batch } from '../model/batch.ts'
import { EMPTY } from '../model/bytes-column.ts'
import type { End, Header, Item } from '../model/item.ts'
import { selectRows } from '../tree/select-rows.ts'

/** The items of the receipt. Rows that held already are left out: nothing was done for them. */
export async function* receiptItems(journal: Journal, header: Header, end: End): AsyncGenerator<Item> {
  yield { kind: 'header', header: { ...header, kind: 'receipt', tool: TOOL, data: false, dataBefore: false } }
  for (const { batch, op } of frames(journal)) {
    const isTold = (i: number): boolean => batch.state![i] !== State.done
    const told = selectRows({ ...batch, state: batch.state!.map((state, i) => endState(state, op[i]!)) }, isTold)
    if (told !== null) yield { kind: 'rows', batch: told satisfies Batch }
  }
  yield { kind: 'end', end: { ...end, contentCount: 0, contentBytes: 0, problemCount: 0, from: EMPTY, to: EMPTY } }
}

/** A row in conflict that was done all the same counts as done. */
function endState(state: number, op: number): number {
  return state === State.do || op !== 0 ? State.done : state
}
