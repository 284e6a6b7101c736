/** The frames of a scenario, each with the lines that it is shown as. `options.fields` changes a record's fields. */
import { hintsFields, planes, printable, putNumbers, putStrings, rowsFields } from './columns.mjs'
import { rowLine, table, timeLine, toBytes, toHex, toRow, toText, toTime } from './entries.mjs'
import { Fields, record } from './msgpack.mjs'
import { bytesOf, integer } from './pieces.mjs'
import { hash } from './stream.mjs'

/** The header frame. `values` in the form of appendix A. */
export function header(values = {}, options = {}) {
  const fields = new Fields()
  const text = (name) => fields.put(name, values[name] ?? null)
  text('tool')
  text('host')
  if (values.root !== undefined) fields.put('root', toBytes(values.root), printable(toBytes(values.root)))
  if (values.rootId !== undefined) {
    const [major, minor] = values.rootId.dev.split(':').map(Number)
    fields.put('rootDevMajor', major).put('rootDevMinor', minor)
    fields.put('rootIno', integer(values.rootId.ino, 8), `${values.rootId.ino}, as 8 bytes`)
  }
  fields.put('digest', values.digest === 'blake3' ? true : null)
  for (const name of [
    'xattrs',
    'trustedHidden',
    'filters',
    'level',
    'data',
    'dataBefore',
    'ignored',
    'comment',
    'features',
  ])
    text(name)
  const lines = [{ ...values, ...(values.root !== undefined && { root: toText(values.root) }) }]
  return frame('header', [['header', fields]], lines, {}, options)
}

/** A rows frame. `owners`: `{ users, groups }` by number. `options.hints` changes the hints record's fields. */
export function rows(list, options = {}) {
  const { owners = {} } = options
  const all = list.map(toRow)
  const fields = rowsFields(all)
  options.fields?.(fields)
  const hints = hintsFields(all)
  options.hints?.(hints)
  const names = ownersFields(owners)
  options.ownersFields?.(names)
  const records = [
    ['rows', fields],
    ...(hints.entries.length > 0 || options.keepHints ? [['hints', hints]] : []),
    ...(names.entries.length > 0 || options.keepOwners ? [['owners', names]] : []),
  ]
  const lines = list.map((row) => rowLine(row, owners))
  const made = frame('rows', records, lines, { rowCount: list.length }, { ...options, fields: undefined })
  const hintsRecord = records.find(([name]) => name === 'hints')
  return {
    ...made,
    rowCount: list.length,
    path: toBytes(list[0]?.path ?? ''),
    digest: hash(bytesOf(record(...records[0]))),
    hintsDigest: hintsRecord === undefined ? undefined : hash(bytesOf(record(...hintsRecord))).subarray(0, 16),
  }
}

function ownersFields({ users = {}, groups = {} }) {
  const fields = new Fields()
  const put = (count, ids, names, entries) => {
    if (entries.length === 0) return
    fields.put(count, entries.length)
    putNumbers(
      fields,
      ids,
      entries.map(([id]) => BigInt(id)),
    )
    putStrings(
      fields,
      names,
      entries.map(([, name]) => toBytes(name)),
    )
  }
  put('userCount', 'uids', 'userNames', Object.entries(users))
  put('groupCount', 'gids', 'groupNames', Object.entries(groups))
  return fields
}

/** A frame of pieces of contents: `{ id, size, offset, bytes }`, where all but `bytes` may be left out. */
export function contents(list, options = {}) {
  const pieces = list.map(({ bytes, id, size, offset = 0 }) => {
    const content = toBytes(bytes)
    return { id: id ?? hash(content).toString('hex'), size: size ?? content.length, offset, bytes: content }
  })
  const records = pieces.map(({ id, size, offset, bytes }) => {
    const fields = new Fields().put('id', Buffer.from(id, 'hex'), 'content id').put('size', u64(size), `${size}`)
    return ['content', fields.put('offset', u64(offset), `${offset}`).put('bytes', bytes, printable(bytes))]
  })
  const lines = pieces.map(({ bytes, ...rest }) => ({
    ...{ record: 'content', ...rest, bytes: { base64: bytes.toString('base64') } },
  }))
  const contentCount = pieces.filter(({ offset }) => offset === 0).length
  const contentBytes = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)
  return frame('content', records, lines, { contentCount, contentBytes }, options)
}

const u64 = (value) => (value === 0 ? null : integer(value, 8))

/** A frame of recipes: `{ id, size, literals, ranges, squeezes: [{ bytes, ranges }] }`. */
export function recipes(list, options = {}) {
  const records = list.map(({ id, size, literals, ranges: own, squeezes = [] }) => {
    const ranges = [...own, ...squeezes.flatMap((squeeze) => squeeze.ranges)]
    const paths = [...new Set(ranges.filter(({ path }) => path !== undefined).map(({ path }) => toHex(path)))]
    const fields = new Fields().put('id', Buffer.from(id, 'hex'), 'content id').put('size', u64(size), `${size}`)
    fields.put('literals', literals === undefined ? null : Buffer.from(literals, 'hex'), 'id of the literals')
    const numbers = (name, of) =>
      putNumbers(
        fields,
        name,
        ranges.map((range) => BigInt(of(range))),
      )
    fields.put('count', ranges.length)
    numbers('from', ({ from }) => ['literal', 'before', 'after', 'zeros'].indexOf(from))
    numbers('offset', ({ offset = 0 }) => offset)
    numbers('length', ({ length }) => length)
    numbers('path', ({ path }) => (path === undefined ? 0 : paths.indexOf(toHex(path))))
    fields.put('pathCount', paths.length === 0 ? null : paths.length)
    putStrings(
      fields,
      'paths',
      paths.map((hex) => Buffer.from(hex, 'hex')),
    )
    fields.put('squeezeCount', squeezes.length === 0 ? null : squeezes.length)
    putNumbers(
      fields,
      'squeezeBytes',
      squeezes.map(({ bytes }) => BigInt(bytes)),
    )
    putNumbers(
      fields,
      'squeezeRanges',
      squeezes.map((squeeze) => BigInt(squeeze.ranges.length)),
    )
    return ['recipe', fields]
  })
  const line = (range) => (range.path === undefined ? range : { ...range, path: toText(range.path) })
  const lines = list.map(({ id, size, literals, ranges, squeezes }) => ({
    ...{ record: 'recipe', id, size, ...(literals !== undefined && { literals }) },
    ranges: ranges.map(line),
    ...(squeezes && { squeezes: squeezes.map((squeeze) => ({ ...squeeze, ranges: squeeze.ranges.map(line) })) }),
  }))
  return frame('recipe', records, lines, {}, options)
}

/** A frame of chunk lists: `{ id, chunks: [[length, id], ...] }`. */
export function chunks(list, options = {}) {
  const records = list.map(({ id, chunks: all }) => {
    const fields = new Fields().put('id', Buffer.from(id, 'hex'), 'content id').put('count', all.length)
    const lengths = all.map(([length]) => BigInt(length))
    fields.put('lengths', planes(lengths), lengths.join(' '))
    return ['chunks', fields.put('ids', Buffer.from(all.map(([, each]) => each).join(''), 'hex'), '16 bytes each')]
  })
  const lines = list.map(({ id, chunks: all }) => {
    const ends = all.map((_, i) => all.slice(0, i + 1).reduce((sum, [length]) => sum + length, 0))
    return { record: 'chunks', id, chunks: all.map(([, each], i) => [ends[i], each]) }
  })
  return frame('chunks', records, lines, {}, options)
}

/** The frame of a touch: `{ fileCount, digest, times: [[before, after], ...] }`. */
export function touch({ fileCount, digest, times }, options = {}) {
  const bytes = (k) => Buffer.concat(times.map((pair) => toTimeBytes(pair[k])))
  const note = (k) => times.map((pair) => pair[k]).join(' ')
  const fields = new Fields().put('fileCount', u64(fileCount), `${fileCount}`).put('digest', Buffer.from(digest, 'hex'))
  fields.put('count', times.length).put('before', bytes(0), note(0)).put('after', bytes(1), note(1))
  const line = { record: 'touch', fileCount, digest, times: times.map((pair) => pair.map(timeLine)) }
  return frame('touch', [['touch', fields]], [line], {}, options)
}

const toTimeBytes = (text) => {
  const [sec, nsec] = toTime(text)
  return Buffer.concat([integer(sec, 8), integer(nsec, 4)])
}

/** A frame of problems. */
export function problems(list, options = {}) {
  const records = list.map(({ path, code, phase, detail }) => {
    const fields = new Fields().put('path', toBytes(path).length === 0 ? null : toBytes(path), printable(toBytes(path)))
    return [
      'problem',
      fields
        .put('code', code)
        .put('phase', phase)
        .put('detail', detail ?? null),
    ]
  })
  const lines = list.map(({ path, ...rest }) => ({ record: 'problem', path: toText(path), ...rest }))
  return frame('problems', records, lines, { problemCount: list.length }, options)
}

/** A frame of optional records: `{ name, value }`. */
export function optional(list, options = {}) {
  const records = list.map(({ name, value }) => [name, optionalFields(value)])
  const lines = list.map(optionalLine)
  return frame('optional', records, lines, {}, options)
}

/** The fields of an optional record. */
export function optionalFields(value) {
  const bytes = toBytes(value)
  return new Fields().put('value', bytes.length === 0 ? null : bytes, printable(bytes))
}

export const optionalLine = ({ name, value }) => ({
  ...{ record: 'optional', name, value: { base64: toBytes(value).toString('base64') } },
})

/**
 * Any frame. `options`: `fields` changes the fields of the first record, `name` names it, `records` takes all of them
 * and gives others, `pieces` likewise; `head`, `zstd`, `data` and `foreign` are for stream.mjs; `lines` are shown instead.
 */
function frame(type, records, lines, totals, options) {
  options.fields?.(records[0][1])
  if (options.name !== undefined) records[0][0] = options.name
  const all = options.records?.(records) ?? records
  const pieces = all.flatMap(([name, fields]) => record(name, fields))
  const { head, zstd, data, foreign } = options
  return {
    type,
    fields: records[0]?.[1] ?? new Fields(),
    pieces: options.pieces?.(pieces) ?? pieces,
    lines: options.lines ?? lines,
    totals,
    ...{ head, zstd, data, foreign },
  }
}

export const limits = Object.fromEntries(Object.entries(table.limits).map(([name, [value]]) => [name, value]))
