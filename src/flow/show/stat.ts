/** Statistics of a stream: counts and bytes by operation, kind and top directory, and what was saved by which means. */
import { FrameType } from '../../base/constants.ts'
import { quotePath } from '../../model/escape.ts'
import type { End } from '../../model/item.ts'
import { compareBytes, keyPath } from '../../model/path.ts'
import { kindWords } from '../../model/words.ts'
import { openReader } from '../stream/reader.ts'
import { type Count, type RowCounts, StatCounter } from './counts.ts'
import { formatHeader } from './lines.ts'
import { type Operation, operations } from './operation.ts'
import { formatTable } from './table.ts'
import { formatCount, formatNoun } from './words.ts'

/** One piece of text of whole lines, once the stream has ended. All of it is safe on a screen. */
export async function* showStat(source: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const counter = new StatCounter()
  const reader = await openReader(source)
  try {
    counter.addItem({ kind: 'header', header: reader.header })
    for (let head = await reader.peekHead(); head !== null; head = await reader.peekHead()) {
      counter.addHead(head)
      for (const item of await reader.read()) counter.addItem(item)
    }
    counter.addItem({ kind: 'end', end: reader.end })
    yield `${statLines(counter, reader.end).join('\n')}\n`
  } finally {
    await reader.close()
  }
}

function statLines(counter: StatCounter, end: End): string[] {
  const used = operations.filter((operation) => counter.total[operation] > 0)
  const isSnapshot = counter.header!.kind === 'snapshot'
  return [
    formatHeader(counter.header!),
    ...idLines(end),
    ...(isSnapshot ? [] : section(operationTable(counter, used))),
    ...section(kindTable(counter, isSnapshot ? [] : used)),
    ...section(topTable(counter, isSnapshot ? [] : used)),
    ...section(contentTable(counter)),
    ...section(savedTable(counter)),
    ...section(frameTable(counter)),
    ...section(noteLines(counter, end)),
  ]
}

function section(lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}

function idLines(end: End): string[] {
  const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex')
  return [
    ...(end.from.length > 0 ? [`from tree ${hex(end.from)}`] : []),
    ...(end.to.length > 0 ? [`to tree   ${hex(end.to)}`] : []),
  ]
}

function operationTable(counter: StatCounter, used: readonly Operation[]): string[] {
  const rows = used.map((operation) => {
    const bytes = counter.bytesByOperation.get(operation) ?? 0
    return [operation, formatCount(counter.total[operation]), formatCount(bytes)]
  })
  const total = ['all', formatCount(counter.total.count), formatCount(counter.total.bytes)]
  return formatTable(['operation', 'rows', 'bytes'], [...rows, total])
}

function kindTable(counter: StatCounter, used: readonly Operation[]): string[] {
  const rows = counter.kinds.flatMap((counts, kind) =>
    counts.count === 0 ? [] : [countCells(kindWords[kind]!, counts, used)],
  )
  return rows.length === 0 ? [] : formatTable(['kind', 'rows', ...used, 'bytes'], rows)
}

function countCells(name: string, counts: RowCounts, used: readonly Operation[]): string[] {
  const numbers = [counts.count, ...used.map((operation) => counts[operation]), counts.bytes]
  return [name, ...numbers.map(formatCount)]
}

const TOPS_SHOWN = 20

/** The top directories with the most rows, in path order, and what is left together. */
function topTable(counter: StatCounter, used: readonly Operation[]): string[] {
  const tops = [...counter.tops].map(([key, counts]) => ({ name: keyPath(key), counts }))
  tops.sort((a, b) => b.counts.count - a.counts.count || compareBytes(a.name, b.name))
  const shown = tops.slice(0, TOPS_SHOWN).sort((a, b) => compareBytes(a.name, b.name))
  const rows = shown.map(({ name, counts }) => countCells(quotePath(name), counts, used))
  const rest = [...tops.slice(TOPS_SHOWN).map(({ counts }) => counts), counter.otherTops].filter(
    ({ count }) => count > 0,
  )
  if (rest.length > 0) rows.push(countCells('(others)', sum(rest), used))
  return rows.length === 0 ? [] : formatTable(['top directory', 'rows', ...used, 'bytes'], rows)
}

function sum(all: RowCounts[]): RowCounts {
  const total = { ...all[0]! }
  for (const counts of all.slice(1)) {
    for (const name of Object.keys(total) as (keyof RowCounts)[]) total[name] += counts[name]
  }
  return total
}

function contentTable(counter: StatCounter): string[] {
  const isPlainSnapshot = counter.header!.kind === 'snapshot' && !counter.header!.data
  if (counter.needed.count + counter.sent.count === 0 || isPlainSnapshot) return []
  const rows = [
    countRow('needed by rows', counter.needed),
    countRow('sent', counter.sent),
    countRow('built by recipes', counter.built),
    countRow('not in the stream', counter.missing),
  ]
  return formatTable(['contents', 'count', 'bytes'], rows)
}

/** What did not have to be sent, by the means that saved it. */
function savedTable(counter: StatCounter): string[] {
  const rows = Object.entries(counter.savedBy).filter(([, { count }]) => count > 0)
  const cells = rows.map(([means, saved]) => countRow(means, saved))
  return cells.length === 0 ? [] : formatTable(['saved by', 'count', 'bytes'], cells)
}

const parts: readonly [type: number, name: string][] = [
  [FrameType.touch, 'touch'],
  [FrameType.rows, 'rows'],
  [FrameType.content, 'contents'],
  [FrameType.recipe, 'recipes'],
  [FrameType.chunks, 'chunk lists'],
  [FrameType.problems, 'problems'],
]

/** What the stream is made of, and how well it is compressed. */
function frameTable({ frames }: StatCounter): string[] {
  const rows = parts.flatMap(([type, name]) => {
    const counts = frames.get(type)
    return counts === undefined ? [] : [[...countRow(name, counts), formatCount(counts.compressedBytes)]]
  })
  return rows.length === 0 ? [] : formatTable(['part of the stream', 'frames', 'bytes', 'compressed'], rows)
}

function countRow(name: string, { count, bytes }: Count): string[] {
  return [name, formatCount(count), formatCount(bytes)]
}

function noteLines(counter: StatCounter, end: End): string[] {
  return [
    ...(counter.built.count > 0
      ? [`recipes: ${formatCount(counter.builtNewBytes)} of ${formatCount(counter.built.bytes)} bytes new`]
      : []),
    ...(counter.movedDirectoryCount > 0
      ? [`${formatNoun(counter.movedDirectoryCount, 'directory')} moved, with all that is not named`]
      : []),
    ...(counter.touchedCount > 0
      ? [`${formatNoun(counter.touchedCount, 'file')} touched: told by their times, without a row`]
      : []),
    ...(counter.chunkListCount > 0 ? [`chunk lists of ${formatNoun(counter.chunkListCount, 'content')}`] : []),
    ...(end.judgedByTime > 0 ? [`${formatNoun(end.judgedByTime, 'file')} judged by size and time only`] : []),
    ...(end.problemCount > 0 ? [formatNoun(end.problemCount, 'problem')] : []),
  ]
}
