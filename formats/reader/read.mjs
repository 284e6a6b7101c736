/**
 * A second reader, written from spec.md: the bytes of a stream to items. It checks frames, records and columns, as it
 * must to read on; the `judge` checks all else (rules.mjs), and main.mjs is the program around both.
 */
// biome-ignore-all format: as dense as 200 lines ask for.
// biome-ignore-all lint/suspicious/noAssignInExpressions: a cursor is read and moved in one place.
import { readFileSync } from 'node:fs'
import { blake3 } from '@napi-rs/blake-hash'
import { Packr, Unpackr } from 'msgpackr'
import { decompress } from 'zstd-napi'

export const table = JSON.parse(readFileSync(new URL('../changeset.json', import.meta.url), 'utf8'))
export const max = Object.fromEntries(Object.entries(table.limits).map(([name, [value]]) => [name, value]))
export const words = (name) =>
  Object.fromEntries(Object.entries(table.tables[name].values).map(([word, [value]]) => [value, word]))
const [streamKinds, frameTypes] = [words('StreamKind'), words('FrameType')]
export const check = (holds, code) => { if (!holds) throw Object.assign(new Error(code), { code }) }
export const attempt = (code, act) => {
  try { return act() } catch (error) { throw Object.assign(error, { code }) }
}
export const [EMPTY, hash] = [Buffer.alloc(0), (bytes) => Buffer.from(blake3(bytes))]
export const isZero = (bytes) => bytes.every((byte) => byte === 0)
export const range = (count, make) => Array.from({ length: count }, (_, i) => make(i))
export const sum = (values) => values.reduce((a, b) => a + b, 0)
export const le = (value, width) => Buffer.from(range(width, (i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n)))

/** The items of a stream. What it throws has a code, and the offset of the frame at fault. */
export function* read(stream, judge) {
  const state = { stream, at: 0, offset: 0, heads: [], sizes: [[16, 0]], digests: [] }
  state.take = (count) => {
    check(state.at + count <= stream.length, 'truncated')
    return stream.subarray(state.at, (state.at += count))
  }
  try {
    state.kind = readMagic(state)
    for (let type = ''; type !== 'end'; ) {
      state.offset = state.at
      const head = readHead(state)
      const data = state.take(head.bytes)
      const raw = attempt('bad-zstd', () => unzstd(data, head.rawBytes))
      const records = attempt('bad-record', () => readRecords(raw))
      const isAlone = ['header', 'touch', 'end'].includes(head.type)
      check(!isAlone || (records.length === 1 && records[0].record === head.type), 'unknown-record')
      yield* (head.type === 'rows' ? readRows : readOthers)(records, head, state, judge)
      type = head.type
    }
    judge.trailer(state)
  } catch (error) { throw Object.assign(error, { offset: state.offset }) }
}

// §3: frames.
function readMagic({ stream, take }) {
  const start = Buffer.from('532a4d180800000046534353', 'hex').subarray(0, stream.length)
  check(stream.subarray(0, 12).equals(start), 'not-a-changeset')
  const magic = take(16)
  check(magic[12] === 1 && magic.readUInt16LE(14) === 0, 'unknown-version')
  check(streamKinds[magic[13]] !== undefined, 'unknown-kind')
  return streamKinds[magic[13]]
}
function readHead({ take, heads, sizes, offset }) {
  const start = take(8)
  check(start.readUInt32LE(0) === 0x184d2a53 && start.readUInt32LE(4) >= 68, 'bad-frame')
  check(start.readUInt32LE(4) <= max.headBytesMax, 'frame-too-large')
  const content = take(start.readUInt32LE(4))
  const [bytes, rawBytes, rowCount, pathBytes] = [4, 8, 12, 64].map((place) => content.readUInt32LE(place))
  check(content[0] === 0x48 && content.readUInt16LE(2) === 0 && pathBytes === content.length - 68, 'bad-frame')
  check(rawBytes <= max.frameBytesMax && bytes <= max.compressedBytesMax, 'frame-too-large')
  check(rawBytes > 0 && bytes > 0, 'bad-frame')
  const type = content[1] >= 128 ? 'optional' : frameTypes[content[1]]
  check(type !== undefined && type !== 'signature' && type !== 'chain', 'unknown-record')
  if (type === 'rows') check(rowCount >= 1 && rowCount <= max.batchRowsMax, 'too-many-rows')
  else check(rowCount === 0 && pathBytes === 0 && isZero(content.subarray(16, 64)), 'head-mismatch')
  check((heads.length === 0) === (type === 'header'), 'misplaced-frame')
  heads.push(Buffer.concat([le(offset, 8), content]))
  sizes.push([8 + content.length, 0], [bytes, rawBytes])
  const [digest, hints, path] = [content.subarray(16, 48), content.subarray(48, 64), content.subarray(68)]
  return { type, rowCount, bytes, rawBytes, digest, hints, path }
}
function unzstd(data, rawBytes) {
  const [flags, width, isSingle] = [data[4], [1, 2, 4, 8][data[4] >> 6], (data[4] & 0x20) !== 0]
  const size = data.subarray(isSingle ? 5 : 6, (isSingle ? 5 : 6) + width)
  check(data.readUInt32LE(0) === 0xfd2fb528 && (flags & 15) === 4 && (isSingle || width > 1))
  check(size.equals(le(rawBytes - (width === 2 ? 256 : 0), width)))
  check(isSingle || 2 ** (10 + (data[5] >> 3)) * (1 + (data[5] & 7) / 8) <= max.windowBytesMax)
  const raw = decompress(data)
  check(raw.length === rawBytes)
  return raw
}

// §4.1: records are values of the kinds in use, which written again give the same bytes.
const packr = new Packr({ useRecords: false, variableMapSize: true })
export const isMap = (value) => value?.constructor === Object
function readRecords(raw) {
  let [left, end] = [max.frameValuesMax, 0]
  const walk = (value, depth) => {
    check((left -= isMap(value) ? 1 + Object.keys(value).length : 1) >= 0)
    const isNested = isMap(value) || Array.isArray(value)
    if (isNested) Object.values(value).forEach((each) => { check(depth <= 8); walk(each, depth + 1) })
    else if (typeof value === 'number') check(Number.isInteger(value) && value >= 0 && value < 2 ** 32)
    else check(value === true || typeof value === 'string' || Buffer.isBuffer(value))
  }
  const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true })
  return unpackr.unpackMultiple(raw).map((record, i) => {
    walk(record, 1)
    const bytes = Buffer.from(packr.pack(record))
    check(raw.subarray(end, (end += bytes.length)).equals(bytes) && i < max.recordsPerFrameMax)
    check(Array.isArray(record) && record.length === 2 && typeof record[0] === 'string' && isMap(record[1]))
    return { record: record[0], fields: record[1], bytes }
  })
}

// §5.1: columns. Integers are BigInt, and so are ids.
export function planes(bytes, count, width = 4) {
  const used = bytes === undefined ? 0 : bytes.length / count
  check(Number.isInteger(used) && used <= width && (used === 0 || !isZero(bytes.subarray(-count))), 'bad-column')
  const byteAt = (i, p) => BigInt(bytes[p * count + i]) << BigInt(8 * p)
  return range(count, (i) => range(used, (p) => byteAt(i, p)).reduce((a, b) => a | b, 0n))
}
function ids(bytes, count) {
  check(bytes === undefined || (bytes.length === 32 * count && !isZero(bytes)), 'bad-column')
  return range(count, (i) => (bytes ? BigInt(`0x${bytes.toString('hex', 32 * i, 32 * i + 32)}`) : 0n))
}
export function strings(fields, name, count) {
  const [lengths, bytes] = [fields[`${name}Lengths`], fields[`${name}Bytes`]]
  let end = 0
  const all = planes(lengths, count).map((length) => (bytes ?? EMPTY).subarray(end, (end += Number(length))))
  check((lengths === undefined) === (bytes === undefined) && end === (bytes ?? EMPTY).length, 'bad-column')
  return all
}
function front(fields, name, count, isFresh, most, total) {
  const [shared, lengths] = ['Shared', 'Lengths'].map((part) => planes(fields[name + part], count).map(Number))
  const [whole, bytes] = [shared.map((length, i) => length + lengths[i]), fields[`${name}Bytes`] ?? EMPTY]
  check(whole.every((length) => length <= most) && sum(whole) <= total, 'path-too-long')
  check(sum(lengths) === bytes.length, 'bad-column')
  let [used, string] = [0, EMPTY]
  return lengths.map((length, i) => {
    const [own, before] = [bytes.subarray(used, (used += length)), string]
    const sharesAll = isFresh(i) || length === 0 || shared[i] === before.length || own[0] !== before[shared[i]]
    check(sharesAll && shared[i] <= (isFresh(i) ? 0 : before.length), 'bad-column')
    return (string = Buffer.concat([before.subarray(0, shared[i]), own]))
  })
}
const widths = { u8: 1, u16: 2, u32: 4, u64: 8, i64: 8 }
/** Adds the columns of a map to `side`, an object a row; `after` is the other side, where it is there. */
function readSide(map, columns, side, after) {
  for (const { name, type, coding } of columns) {
    const [width, isOwn, isDelta] = [widths[type], coding in side[0], coding === 'delta' && !after]
    let total = 0n
    const numbers = () => (width ? planes : ids)(map[name], side.length, width)
    const values = type === 'bytes' ? strings(map, name, side.length) : numbers()
    values.forEach((coded, i) => {
      const isCoded = side[i].kind && name !== 'kind' && type !== 'bytes'
      const partner = isOwn ? side[i][coding] : after?.[i].kind ? after[i][name] : 0n
      const value = !isCoded ? coded : isDelta ? (total += (coded >> 1n) ^ -(coded & 1n)) : coded ^ partner
      side[i][name] = width ? (type === 'i64' ? BigInt.asIntN : BigInt.asUintN)(64, value) : value
    })
  }
}

// §4.3, §5: rows, and the records that come with them. An item is the record's fields, or a row.
const pick = (records, name) => (records[0]?.record === name ? records.shift() : null)
function* readRows(records, head, state, judge) {
  const [first, hints, owners] = ['rows', 'hints', 'owners'].map((name) => pick(records, name))
  check(first && records.every(({ record }) => record.startsWith('x.')), 'unknown-record')
  const { count, dirCount, dirRows, state: stateBytes } = judge.fields(first, 'rows')
  check(count >= 1 && count <= max.batchRowsMax && dirCount >= 1 && dirCount <= count, 'too-many-rows')
  const dirs = front(first.fields, 'dir', dirCount, (d) => d === 0, max.pathBytesMax, max.dirsBytesMax)
  const rowsOf = planes(dirRows, dirCount).map(Number)
  check(rowsOf.every((rows) => rows > 0) && sum(rowsOf) === count, 'bad-column')
  const places = rowsOf.flatMap((rows, d) => range(rows, (i) => ({ dir: dirs[d], isFirst: i === 0 })))
  const names = front(first.fields, 'name', count, (i) => places[i].isFirst, max.nameBytesMax, max.frameBytesMax)
  const join = (dir, name) => (dir.length === 0 ? name : Buffer.concat([dir, Buffer.from('/'), name]))
  const rows = names.map((name, i) => ({ record: 'row', dir: places[i].dir, name, path: join(places[i].dir, name) }))
  if (hints) judge.hints(hints, first)
  for (const side of ['after', 'before', 'seen'])
    for (const [record, columns] of [[first, table.columns.entries], [hints, table.columns.hints]]) {
      if (record?.fields[side] === undefined) continue
      for (const row of rows) row[side] ??= {}
      const isXored = side !== 'after' && record.fields.after !== undefined
      const all = rows.map((row) => row[side])
      readSide(judge.columns(record.fields[side], columns), columns, all, isXored ? rows.map(({ after }) => after) : null)
    }
  planes(stateBytes, count, 1).forEach((value, i) => { rows[i].state = value })
  judge.rows(rows, head, state, { first, hints, dirs, owners: owners && judge.fields(owners, 'owners') })
  yield* rows
}
function* readOthers(records, { type }, state, judge) {
  for (const { record, fields } of records) {
    const name = record.startsWith('x.') ? 'optional' : record
    check(name === 'optional' || (name === 'problem' ? 'problems' : name) === type, 'unknown-record')
    const item = { ...judge.fields({ fields }, name), record: name, name: record }
    judge[name]?.(item, state)
    yield item
  }
}
