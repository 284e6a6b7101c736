/** The last line of the readable view: how many rows of which kind, how many bytes, and what went wrong. */
import { Kind } from '../../base/constants.ts'
import type { Entry } from '../../model/entries.ts'
import type { End, StreamKind } from '../../model/item.ts'
import { kindWords, stateWords } from '../../model/words.ts'
import { type Operation, operationOf, operations } from './operation.ts'
import { formatBytes, formatCount, formatNoun } from './words.ts'

/** Counts rows by what they do, by kind and by state. */
export class SummaryCounter {
  readonly operations = new Map<Operation, number>()
  readonly kinds: number[] = kindWords.map(() => 0)
  readonly states: number[] = stateWords.map(() => 0)
  /** Bytes of regular files, each hard-link group once. */
  fileBytes = 0

  addRow(before: Entry | null, after: Entry | null, state: number): void {
    const operation = operationOf(before, after)
    this.operations.set(operation, (this.operations.get(operation) ?? 0) + 1)
    const entry = (after ?? before)!
    this.kinds[entry.kind]!++
    this.states[state]!++
    if (entry.link.length === 0) this.fileBytes += entry.size
  }
}

/** Such as `3 rows: 1 add, 2 change; 1 content sent (12 bytes); 1 problem`. */
export function formatSummary(kind: StreamKind, counter: SummaryCounter, end: End): string {
  const parts = [kind === 'snapshot' ? formatEntries(counter, end) : formatRows(kind, counter, end)]
  if (end.contentCount > 0)
    parts.push(`${formatNoun(end.contentCount, 'content')} sent (${formatBytes(end.contentBytes)})`)
  if (end.judgedByTime > 0) parts.push(`${formatNoun(end.judgedByTime, 'file')} judged by size and time only`)
  if (end.problemCount > 0) parts.push(formatNoun(end.problemCount, 'problem'))
  return parts.join('; ')
}

function formatEntries(counter: SummaryCounter, end: End): string {
  const kinds = counter.kinds.flatMap((count, kind) => {
    if (count === 0) return []
    const bytes = kind === Kind.file ? ` (${formatBytes(counter.fileBytes)})` : ''
    return `${formatNoun(count, nouns[kind]!)}${bytes}`
  })
  return list(formatNoun(end.rowCount, 'entry'), kinds)
}

const nouns = kindWords.map((word) => (word === 'char' || word === 'block' ? `${word} device` : word))

function formatRows(kind: StreamKind, counter: SummaryCounter, end: End): string {
  const hasState = kind === 'plan' || kind === 'receipt'
  const counts = hasState
    ? counter.states.flatMap((count, state) => (count === 0 ? [] : `${formatCount(count)} ${stateWords[state]}`))
    : operations.flatMap((operation) => {
        const count = counter.operations.get(operation) ?? 0
        return count === 0 ? [] : `${formatCount(count)} ${operation}`
      })
  return list(formatNoun(end.rowCount, 'row'), counts)
}

function list(head: string, elements: string[]): string {
  return elements.length === 0 ? head : `${head}: ${elements.join(', ')}`
}
