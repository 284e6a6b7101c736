/** The records of a data frame in the view of bytes: each field's bytes, and what they decode to. */
import { entriesColumns, hintsColumns, Kind } from '../../base/constants.ts'
import type { Rec } from '../../format/msgpack.ts'
import { type Span, spansOf } from '../../format/spans.ts'
import type { Batch } from '../../model/batch.ts'
import { ID_BYTES } from '../../model/entries.ts'
import { escapeBytes, escapeText } from '../../model/escape.ts'
import { formatSeconds } from '../../model/time.ts'
import { kindWords } from '../../model/words.ts'
import { formatByteLine } from './byte-line.ts'
import { formatBytes, formatNoun } from './words.ts'

/**
 * What the bytes of a field are: an integer of 8 bytes, an id, a byte string, times of 12 bytes, or planes with a value for
 * each of a field's count.
 */
type Meaning = 'u64' | 'id' | 'bytes' | 'times' | { planesOf: string }

const perRow: Meaning = { planesOf: 'count' }
const perDir: Meaning = { planesOf: 'dirCount' }

/** By record and field; what is not named is shown as it is. */
const meanings: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  header: { root: 'bytes', rootIno: 'u64' },
  rows: {
    dirShared: perDir,
    dirLengths: perDir,
    dirBytes: 'bytes',
    dirRows: perDir,
    nameShared: perRow,
    nameLengths: perRow,
    nameBytes: 'bytes',
    state: perRow,
  },
  owners: {
    uids: { planesOf: 'userCount' },
    userNamesLengths: { planesOf: 'userCount' },
    userNamesBytes: 'bytes',
    gids: { planesOf: 'groupCount' },
    groupNamesLengths: { planesOf: 'groupCount' },
    groupNamesBytes: 'bytes',
  },
  content: { id: 'id', size: 'u64', offset: 'u64', bytes: 'bytes' },
  recipe: {
    id: 'id',
    size: 'u64',
    literals: 'id',
    from: perRow,
    offset: perRow,
    length: perRow,
    path: perRow,
    pathsLengths: { planesOf: 'pathCount' },
    pathsBytes: 'bytes',
    squeezeBytes: { planesOf: 'squeezeCount' },
    squeezeRanges: { planesOf: 'squeezeCount' },
  },
  chunks: { id: 'id', lengths: perRow, ids: 'bytes' },
  problem: { path: 'bytes' },
  touch: { fileCount: 'u64', digest: 'id', before: 'times', after: 'times' },
  end: {
    rowCount: 'u64',
    contentCount: 'u64',
    contentBytes: 'u64',
    problemCount: 'u64',
    judgedByTime: 'u64',
    from: 'id',
    to: 'id',
    hash: 'id',
  },
}

/** The lines of a frame's records; offsets count within the decompressed frame. `batch` is what a rows frame holds. */
export function recordLines(records: readonly Rec[], batch: Batch | null): string[] {
  const lines: string[] = []
  let start = 0
  for (const record of records) {
    for (const span of spansOf(record.bytes)) {
      const bytes = record.bytes.subarray(span.at, span.end)
      lines.push(formatByteLine(`+${start + span.at}`, bytes, describeSpan(record, span, batch)))
    }
    start += record.bytes.length
  }
  return lines
}

function describeSpan(record: Rec, { path, value }: Span, batch: Batch | null): string {
  const name = path.map(escapeText).join('.')
  if (typeof value === 'string')
    return path.length === 0 ? `record ${escapeText(value)}` : `${name} = "${escapeText(value)}"`
  if (typeof value === 'number' || value === true) return `${name} = ${value}`
  if (value instanceof Uint8Array)
    return `${name}: ${formatBytes(value.length)}${describeBytes(record, path, value, batch)}`
  if ('arrayOf' in value) return `${name}: ${formatNoun(value.arrayOf, 'element')}`
  return path.length === 0 ? formatNoun(value.mapOf, 'field') : `${name}: ${formatNoun(value.mapOf, 'field')}`
}

function describeBytes(record: Rec, path: readonly string[], bytes: Uint8Array, batch: Batch | null): string {
  const meaning = path.length === 1 ? meanings[record.name]?.[path[0]!] : undefined
  if (meaning === undefined) return path.length === 2 ? describeColumn(record, path, bytes, batch) : ''
  if (meaning === 'id') return ', an id'
  if (meaning === 'u64') return ` = ${Buffer.from(bytes).readBigUInt64LE()}`
  if (meaning === 'times') return describeTimes(bytes)
  return meaning === 'bytes' ? describeText(bytes) : describePlanes(record, bytes, meaning.planesOf)
}

const TEXT_BYTES_MAX = 60
const VALUES_MAX = 8
const TIME_BYTES = 12

function describeText(bytes: Uint8Array): string {
  return `, "${escapeBytes(bytes.subarray(0, TEXT_BYTES_MAX))}"${bytes.length > TEXT_BYTES_MAX ? '..' : ''}`
}

function describeTimes(bytes: Uint8Array): string {
  if (bytes.length % TIME_BYTES !== 0) return ''
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = bytes.length / TIME_BYTES
  const times = Array.from({ length: Math.min(count, VALUES_MAX) }, (_, k) =>
    formatSeconds(Number(view.getBigInt64(k * TIME_BYTES, true)), view.getUint32(k * TIME_BYTES + 8, true)),
  )
  return `, ${formatNoun(count, 'time')}: ${listOf(times, count)}`
}

/** Values of byte planes, before any other coding is undone. */
function describePlanes(record: Rec, bytes: Uint8Array, countField: string): string {
  const count = Number(record.fields[countField])
  const planes = bytes.length / count
  if (!Number.isInteger(planes)) return ''
  const values = Array.from({ length: Math.min(count, VALUES_MAX) }, (_, i) => {
    let value = 0
    for (let plane = planes - 1; plane >= 0; plane--) value = value * 256 + bytes[plane * count + i]!
    return String(value)
  })
  return `, ${formatNoun(planes, 'plane')}: ${listOf(values, count)}`
}

const columns = new Map<string, { name: string; type: string; coding: string }>(
  [...entriesColumns, ...hintsColumns].map((column) => [column.name, column]),
)

/** A column of one side: its type and coding, and the values that it decodes to. */
function describeColumn(record: Rec, path: readonly string[], bytes: Uint8Array, batch: Batch | null): string {
  const [sideName, field] = path as [string, string]
  if (field.endsWith('Bytes')) return describeText(bytes)
  if (field.endsWith('Lengths'))
    return batch === null ? '' : describePlanes({ ...record, fields: { count: batch.rowCount } }, bytes, 'count')
  const column = columns.get(field)
  const side = batch?.[sideName as 'after'] ?? null
  if (column === undefined || side === null) return ''
  const source = record.name === 'hints' ? side.hints : side
  const values = (source as unknown as Record<string, ArrayLike<number | bigint> | null> | null)?.[field] ?? null
  const planes = bytes.length / side.count
  const how = column.type === 'id' ? 'ids' : `${column.type} ${column.coding} in ${formatNoun(planes, 'plane')}`
  return values === null ? '' : `, ${how}: ${listOf(columnValues(field, values, side.kind), side.count)}`
}

function columnValues(field: string, values: ArrayLike<number | bigint>, kind: Uint8Array): string[] {
  return Array.from(kind.subarray(0, VALUES_MAX), (kindHere, i) => {
    if (kindHere === Kind.absent) return '-'
    if (field === 'kind') return kindWords[kindHere]!
    if (field === 'mode') return Number(values[i]).toString(8).padStart(4, '0')
    if (field === 'content') return idStart(values as Uint8Array, i)
    return String(values[i])
  })
}

/** The first bytes of an id: enough to tell it from others. */
function idStart(ids: Uint8Array, i: number): string {
  return Buffer.from(ids.subarray(i * ID_BYTES, i * ID_BYTES + 4)).toString('hex')
}

function listOf(values: string[], count: number): string {
  return values.join(' ') + (count > values.length ? ' ..' : '')
}
