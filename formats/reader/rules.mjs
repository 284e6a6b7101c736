/** The rules of spec §9 that the second reader does not need to read on: a `judge` of what it has read. */
import { check, EMPTY, hash, isMap, isZero, max, planes, sum, table } from './read.mjs'
import { checkPath, checkPaths, checkRow, checkSides, keyOf, keysOf, readOwners, readRecipe } from './row-rules.mjs'
import { readTimes } from './times.mjs'
import { checkTrailer } from './trailer.mjs'

/** A judge of one stream. Each method throws an error with the code of the rule that is broken. */
export function makeJudge() {
  const totals = { rowCount: 0, contentCount: 0, contentBytes: 0, problemCount: 0 }
  const memory = { last: null, digests: [], wanted: new Set(), chunkable: new Set(), open: null, ranges: 0, frame: -1 }
  /** Nothing may begin while a content is not whole. Counts what is limited for each frame. */
  const begin = (state) => {
    check(memory.open === null, 'bad-content')
    if (memory.frame !== state.offset) Object.assign(memory, { frame: state.offset, ranges: 0 })
  }
  return {
    fields: ({ fields }, name) => checkFields(fields, table.records[name].fields),
    columns: (map, columns) => checkFields(map, columnFields(columns)),
    hints(hints, first) {
      this.fields(hints, 'hints')
      check(Object.keys(hints.fields).length > 0, 'bad-field')
      for (const side of Object.keys(hints.fields)) check(side.startsWith('x.') || first.fields[side], 'bad-field')
    },
    header(item) {
      check(
        (item.features ?? []).every((feature) => feature === 'touch'),
        'unknown-feature',
      )
      memory.mayTouch = (item.features ?? []).length > 0
      const root = ['rootDevMajor', 'rootDevMinor', 'rootIno'].filter((name) => item[name] !== undefined)
      check(root.length % 3 === 0, 'bad-field')
    },
    touch(item, state) {
      const [before, after] = ['before', 'after'].map((name) => readTimes(item[name], item.count))
      const all = [...before, ...after]
      check(
        before.every((time, i) => i === 0 || before[i - 1] < time),
        'bad-touch',
      )
      check(new Set(all).size === all.length, 'bad-touch')
      check(state.kind === 'changeset' && memory.mayTouch && state.heads.length === 2, 'bad-touch')
      Object.assign(item, { times: before.map((time, i) => [time, after[i]]) })
    },
    rows(rows, head, state, { first, hints, dirs, owners }) {
      begin(state)
      const none = Buffer.alloc(16)
      check(rows.length === head.rowCount && head.path.equals(rows[0].path), 'head-mismatch')
      check(hash(first.bytes).equals(head.digest), 'digest-mismatch')
      check((hints ? hash(hints.bytes).subarray(0, 16) : none).equals(head.hints), 'digest-mismatch')
      checkPaths(rows, dirs, memory.last)
      memory.last = rows.at(-1).path
      checkSides(rows, hints, state.kind)
      for (const row of rows) checkRow(row)
      const names = owners === null ? {} : readOwners(owners)
      for (const row of rows) row.owners = names
      const [after, before] = ['after', 'before'].map((side) => keysOf(rows.map((row) => row[side])))
      const named = new Set([...after, ...before])
      Object.assign(memory, { wanted: new Set(named), recipes: new Set(after), waiting: [], chunkable: named })
      memory.digests.push(head.digest)
      totals.rowCount += rows.length
    },
    content({ id, size, offset, bytes }) {
      check(offset + bytes.length <= size, 'bad-content')
      memory.open ??= { id, size, next: 0, parts: [] }
      const { open } = memory
      check(open.next > 0 || memory.wanted.has(keyOf(id, size)), 'unneeded-content')
      check(open.id.equals(id) && open.size === size && open.next === offset, 'bad-content')
      if (open.next === 0) {
        const served = memory.waiting.findIndex(({ key }) => key === keyOf(id, size))
        if (served >= 0) memory.waiting.splice(served, 1)
      }
      open.next += bytes.length
      open.parts.push(bytes)
      totals.contentCount += offset === 0 ? 1 : 0
      totals.contentBytes += bytes.length
      if (open.next < size) return
      check(hash(Buffer.concat(open.parts)).equals(id), 'content-mismatch')
      memory.open = null
    },
    recipe(item, state) {
      begin(state)
      memory.ranges += item.count
      check(memory.ranges <= max.recipeRangesMax, 'bad-recipe')
      Object.assign(item, readRecipe(item))
      check(memory.recipes?.has(keyOf(item.id, item.size)), 'unneeded-content')
      if (!item.literals) return
      const key = keyOf(item.literals, item.literalsBytes)
      memory.wanted.add(key)
      memory.waiting.push({ key, count: item.count })
      check(sum(memory.waiting.map(({ count }) => count)) <= max.recipeRangesMax, 'bad-recipe')
    },
    chunks(item, state) {
      begin(state)
      const lengths = planes(item.lengths, item.count).map(Number)
      check(item.ids.length === 16 * item.count, 'bad-field')
      check(!lengths.includes(0), 'bad-chunks')
      check(memory.chunkable.has(keyOf(item.id, sum(lengths))), 'unneeded-content')
      Object.assign(item, { chunkLengths: lengths })
    },
    problem({ path = EMPTY }, state) {
      begin(state)
      checkPath(path)
      totals.problemCount++
    },
    optional({ name }, state) {
      begin(state)
      check(Buffer.byteLength(name) <= max.nameBytesMax, 'bad-field')
    },
    end(item, state) {
      begin(state)
      for (const name of Object.keys(totals)) check(totals[name] === item[name], 'end-mismatch')
      check(state.kind !== 'snapshot' || item.to?.equals(hash(Buffer.concat(memory.digests))), 'end-mismatch')
      check(hash(state.stream.subarray(0, state.offset)).equals(item.hash), 'end-mismatch')
    },
    trailer: checkTrailer,
  }
}

const isText = (v) => typeof v === 'string' && v !== '' && Buffer.byteLength(v) <= max.textBytesMax
const isBytes = (v, least = 1, most = max.frameBytesMax) => Buffer.isBuffer(v) && v.length >= least && v.length <= most
const isInteger = (v, least = 0, most = 2 ** 32) => typeof v === 'number' && v >= least && v <= most
/** The types of fields (§4.2). All others are columns: byte strings. */
const fits = {
  text: isText,
  texts: (v) => Array.isArray(v) && v.length > 0 && v.length <= max.listMax && v.every(isText),
  path: (v) => isBytes(v, 1, max.pathBytesMax),
  id: (v) => isBytes(v, 32, 32),
  ino: (v) => isBytes(v, 8, 8),
  u64: (v) => isBytes(v, 8, 8) && !isZero(v) && v.readBigUInt64LE() <= max.sizeMax,
  piece: (v) => isBytes(v, 1, max.pieceBytesMax),
  uint: isInteger,
  count: (v) => isInteger(v, 1),
  level: (v) => isInteger(v, 1, 22),
  true: (v) => v === true,
  map: isMap,
  code: (v) => Object.hasOwn(table.problemCodes, v),
  phase: (v) => table.phases.includes(v),
}

/** Fields in the order of their list, each of its type; u64 fields become numbers, 0 where they are absent. */
function checkFields(fields, list) {
  let next = 0
  for (const key of Object.keys(fields)) {
    const place = list.findIndex(({ name }, i) => i >= next && name === key)
    check(place >= 0 || key.startsWith('x.'), 'unknown-field')
    next = place >= 0 ? place + 1 : list.length
  }
  const all = { ...fields }
  for (const { name, type, optional } of list) {
    check(fields[name] === undefined ? optional : (fits[type] ?? isBytes)(fields[name]), 'bad-field')
    if (type === 'u64') all[name] = Number(fields[name]?.readBigUInt64LE() ?? 0)
  }
  return all
}

function columnFields(columns) {
  const names = ({ name, type }) => (type === 'bytes' ? [`${name}Lengths`, `${name}Bytes`] : [name])
  return columns.flatMap(names).map((name) => ({ name, type: 'bytes', optional: true }))
}
