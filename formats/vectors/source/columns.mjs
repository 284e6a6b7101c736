/** Rows as the columns of a rows record and of a hints record, written from spec §4.3 and §5 alone. */
import { table } from './entries.mjs'
import { Fields } from './msgpack.mjs'
import { integer } from './pieces.mjs'

const sideNames = ['after', 'before', 'seen']

/** The fields of the rows record. */
export function rowsFields(rows) {
  const dirs = []
  for (const row of rows) {
    if (dirs.length === 0 || !dirs.at(-1).path.equals(row.dir))
      dirs.push({ path: row.dir, first: dirs.length, rows: 0 })
    dirs.at(-1).rows++
  }
  const fields = new Fields().put('count', rows.length, `${rows.length} rows`).put('dirCount', dirs.length)
  putFront(
    fields,
    'dir',
    dirs.map((dir, d) => ({ bytes: dir.path, isFresh: d === 0 })),
  )
  putNumbers(
    fields,
    'dirRows',
    dirs.map((dir) => BigInt(dir.rows)),
  )
  putFront(
    fields,
    'name',
    rows.map((row, i) => ({ bytes: row.name, isFresh: i === 0 || !rows[i - 1].dir.equals(row.dir) })),
  )
  for (const name of sideNames)
    if (rows.some((row) => row[name] !== null))
      fields.put(name, sideFields(table.columns.entries, rows, name, hasEntry))
  return putNumbers(
    fields,
    'state',
    rows.map((row) => BigInt(row.state)),
  )
}

/** The fields of the hints record; none where no row has a hint. */
export function hintsFields(rows) {
  const fields = new Fields()
  for (const name of sideNames)
    if (rows.some((row) => hasHint(row[name]))) fields.put(name, sideFields(table.columns.hints, rows, name, hasHint))
  return fields
}

const hasEntry = (entry) => entry !== null
const hasHint = (entry) =>
  entry !== null &&
  table.columns.hints.some(({ name, type }) => (type === 'bytes' ? entry[name].length > 0 : entry[name] !== 0n))

/** One side's map. Another side than `after` is XORed with it, where any row's `after` is there in this record. */
function sideFields(columns, rows, side, isThere) {
  const isXored = side !== 'after' && rows.some((row) => isThere(row.after))
  const fields = new Fields()
  for (const column of columns) {
    const partners = rows.map((row) => (isXored && row[side] !== null ? row.after : null))
    const entries = rows.map((row) => row[side])
    if (column.type === 'bytes') putBytes(fields, column.name, entries)
    else if (column.type === 'id') putIds(fields, column.name, entries, partners)
    else putNumbers(fields, column.name, coded(column, entries, partners, isXored), noteOf(column, isXored))
  }
  return fields
}

function coded({ name, coding }, entries, partners, isXored) {
  const isOwn = coding !== 'plain' && coding !== 'delta'
  let previous = 0n
  return entries.map((entry, i) => {
    if (entry === null) return 0n
    const value = entry[name]
    if (isOwn) return value ^ entry[coding]
    if (name === 'kind') return value
    if (isXored) return partners[i] === null ? value : value ^ partners[i][name]
    if (coding !== 'delta') return value
    const difference = BigInt.asIntN(64, value - previous)
    previous = value
    return BigInt.asUintN(64, (difference << 1n) ^ (difference >> 63n))
  })
}

function noteOf({ name, coding }, isXored) {
  if (name === 'kind') return ''
  if (coding !== 'plain' && coding !== 'delta') return `, XOR ${coding}`
  return isXored ? ', XOR after' : coding === 'delta' ? ', folded differences' : ''
}

function putIds(fields, name, entries, partners) {
  const ids = entries.map((entry, i) => {
    const partner = partners[i]
    return entry === null
      ? Buffer.alloc(32)
      : Buffer.from(entry[name].map((byte, k) => byte ^ (partner?.[name][k] ?? 0)))
  })
  const bytes = Buffer.concat(ids)
  fields.put(name, bytes.some((byte) => byte !== 0) ? bytes : null, `${entries.length} ids of 32 bytes`)
}

function putBytes(fields, name, entries) {
  putStrings(
    fields,
    name,
    entries.map((entry) => entry?.[name] ?? Buffer.alloc(0)),
  )
}

/** A byte-string column. */
export function putStrings(fields, name, strings) {
  const bytes = Buffer.concat(strings)
  if (bytes.length === 0) return fields
  putNumbers(
    fields,
    `${name}Lengths`,
    strings.map(({ length }) => BigInt(length)),
  )
  return fields.put(`${name}Bytes`, bytes, printable(bytes))
}

function putFront(fields, prefix, strings) {
  const shared = strings.map(({ bytes, isFresh }, i) => (isFresh ? 0 : sharedBytes(strings[i - 1].bytes, bytes)))
  const rest = strings.map(({ bytes }, i) => bytes.subarray(shared[i]))
  putNumbers(fields, `${prefix}Shared`, shared.map(BigInt))
  putNumbers(
    fields,
    `${prefix}Lengths`,
    rest.map(({ length }) => BigInt(length)),
  )
  const bytes = Buffer.concat(rest)
  fields.put(`${prefix}Bytes`, bytes.length === 0 ? null : bytes, printable(bytes))
}

function sharedBytes(a, b) {
  let count = 0
  while (count < a.length && count < b.length && a[count] === b[count]) count++
  return count
}

/** An integer column as planes, with its values as the note. */
export function putNumbers(fields, name, values, more = '') {
  const shown = shownAs[name] ?? String
  return fields.put(name, planes(values), listed(values, shown) + more)
}

const kindWords = Object.fromEntries(Object.entries(table.tables.Kind.values).map(([word, [value]]) => [value, word]))
/** How the values of some columns are written in a note. */
const shownAs = {
  kind: (value) => `${value} (${kindWords[value] ?? 'none'})`,
  mode: (value) => `0${value.toString(8)}`,
}

/** Byte planes; null where all values are zero. */
export function planes(values) {
  const all = values.map((value) => integer(value, 8))
  let width = 8
  while (width > 0 && all.every((bytes) => bytes[width - 1] === 0)) width--
  if (width === 0) return null
  return Buffer.from(
    Array.from({ length: width * values.length }, (_, i) => all[i % values.length][Math.floor(i / values.length)]),
  )
}

const LISTED_MAX = 8

function listed(values, shown) {
  const texts = values.slice(0, LISTED_MAX).map((value) => shown(value))
  return texts.join(' ') + (values.length > LISTED_MAX ? ' ...' : '')
}

/** Bytes for a note: what ASCII shows, points for the rest. */
export function printable(bytes) {
  const text = bytes.subarray(0, 40).toString('latin1')
  return `"${text.replace(/[^\x20-\x7e]/g, '.')}${bytes.length > 40 ? '...' : ''}"`
}
