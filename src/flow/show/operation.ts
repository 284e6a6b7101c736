/** What a row does (spec §8.1), in the words of the readable views. */
import type { Entry } from '../../model/entries.ts'

/** `leave` is where a move started, `move` where it went; `link` is a new name of a file that has one already. */
export const operations = ['add', 'delete', 'change', 'move', 'leave', 'link'] as const

export type Operation = (typeof operations)[number]

/** The operation of a row with these sides, of which one is there. */
export function operationOf(before: Entry | null, after: Entry | null): Operation {
  const hasLeft = before !== null && before.moved.length > 0
  if (after === null) return hasLeft ? 'leave' : 'delete'
  if (after.moved.length > 0) return 'move'
  if (before !== null && !hasLeft) return 'change'
  return after.link.length > 0 ? 'link' : 'add'
}
