/** What rows, owners and recipes must satisfy (spec §5.3 to §7.5). Integers and ids are BigInt. */
import { attempt, check, EMPTY, max, planes, strings, table } from './read.mjs'

const isName = (name) => !/^$|^\.\.?$|[\0/]/.test(name) && name.length <= max.nameBytesMax
const isPath = (path) => path.length === 0 || path.toString('latin1').split('/').every(isName)
export const checkPath = (path) => check(isPath(path), 'bad-name')

/** Row order: directories name by name (a slash sorts lowest), then names. */
function compareRows(a, b) {
  const [x, y] = [a, b].map((path) => {
    const slash = path.lastIndexOf(0x2f)
    return [path.subarray(0, Math.max(slash, 0)).map((byte) => (byte === 0x2f ? 0 : byte)), path.subarray(slash + 1)]
  })
  return Buffer.compare(x[0], y[0]) || Buffer.compare(x[1], y[1])
}

/** Directories, names and paths of a frame's rows, in order behind `last`. */
export function checkPaths(rows, dirs, last) {
  for (const dir of dirs) checkPath(dir)
  const isRoot = (i) => i === 0 && rows[0].path.length === 0
  rows.forEach(({ name, path }, i) => {
    check(isName(name.toString('latin1')) || isRoot(i), 'bad-name')
    check(path.length <= max.pathBytesMax, 'path-too-long')
    const before = i === 0 ? last : rows[i - 1].path
    check(before === null || compareRows(before, path) < 0, 'out-of-order')
  })
}

const hintNames = table.columns.hints.map(({ name }) => name)
const isSet = (value) => (typeof value === 'bigint' ? value !== 0n : value.length > 0)

/** Which sides a stream of `kind` may have; none is without entries, no hints are all zero. */
export function checkSides(rows, hints, kind) {
  const isBound = kind === 'plan' || kind === 'receipt'
  for (const side of ['after', 'before', 'seen']) {
    if (rows[0][side] === undefined) continue
    check(side === 'after' || (side === 'before' ? kind !== 'snapshot' : isBound), 'wrong-side')
    check(
      rows.some((row) => row[side].kind !== 0n),
      'wrong-side',
    )
    const isHinted = rows.some((row) => hintNames.some((name) => isSet(row[side][name] ?? 0n)))
    check(hints?.fields[side] === undefined || isHinted, 'bad-field')
  }
  for (const { state, before, after } of rows) {
    check(state <= 10n, 'bad-value')
    check(isBound || state === 0n, 'wrong-side')
    check((before?.kind ?? 0n) + (after?.kind ?? 0n) > 0n, 'wrong-side')
  }
}

const [file, symlink, char, block, kindMax] = [1n, 3n, 6n, 7n, 7n]
/** Which kinds an attribute goes with, where not all. */
const kindsOf = {
  ...{ size: [file], content: [file], holes: [file], target: [symlink] },
  ...{ rdevMajor: [char, block], rdevMinor: [char, block], link: [1n, 3n, 4n, 5n, 6n, 7n] },
}
const noBytes = 0xaf1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262n
const sizeMax = BigInt(max.sizeMax)
const isTime = (sec, nsec) => sec <= sizeMax && sec >= -sizeMax && nsec < 1000000000n

function checkEntry(entry) {
  const { kind, mode, size, mtimeSec, mtimeNsec, target, link, moved, ctimeSec = 0n, ctimeNsec = 0n, racy = 0n } = entry
  check(kind <= kindMax && mode <= 0o7777n && size <= sizeMax && isTime(mtimeSec, mtimeNsec), 'bad-value')
  check(isTime(ctimeSec, ctimeNsec) && racy <= 1n && !target.includes(0), 'bad-value')
  for (const [name, value] of Object.entries(entry))
    if (name !== 'kind' && isSet(value)) check(kind !== 0n && (kindsOf[name]?.includes(kind) ?? true), 'bad-attribute')
  check((kind === symlink) === target.length > 0, 'bad-attribute')
  check(!isSet(entry.content) || (size === 0n) === (entry.content === noBytes), 'bad-attribute')
  for (const path of [target, link, moved]) check(path.length <= max.pathBytesMax, 'path-too-long')
  for (const path of [link, moved]) checkPath(path)
  attempt('bad-xattrs', () => xattrsOf(entry.xattrs))
  attempt('bad-holes', () => checkHoles(holesOf(entry.holes ?? EMPTY), size))
}

/** The sides of a row, and what they say of other paths. */
export function checkRow({ path, after, before, seen }) {
  for (const side of [after, before, seen]) if (side) checkEntry(side)
  const isOneContent = after && before && isSet(after.content) && after.content === before.content
  check(!isOneContent || after.size === before.size, 'bad-attribute')
  check(!after || after.link.length === 0 || compareRows(after.link, path) < 0, 'bad-link')
  for (const side of [after, before])
    check(!side || side.moved.length === 0 || Buffer.compare(side.moved, path) !== 0, 'bad-link')
}

/** Pairs of name and value. */
export function xattrsOf(bytes) {
  check(bytes.length <= max.xattrsBytesMax)
  const pairs = []
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 2 + bytes.readUInt16LE(at)
    const valueEnd = nameEnd + 4 + bytes.readUInt32LE(nameEnd)
    const name = bytes.subarray(at + 2, nameEnd)
    check(valueEnd <= bytes.length && name.length > 0 && !name.includes(0))
    check(pairs.length === 0 || Buffer.compare(pairs.at(-1)[0], name) < 0)
    pairs.push([name, bytes.subarray(nameEnd + 4, valueEnd)])
    at = valueEnd
  }
  return pairs
}

/** Pairs of offset and length. */
export function holesOf(bytes) {
  const pairs = []
  for (let at = 0; at < bytes.length; at += 16) pairs.push([bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8)])
  return pairs
}

function checkHoles(pairs, size) {
  check(pairs.length <= max.holesMax)
  let end = -1n
  for (const [offset, length] of pairs) {
    check(offset > end && length > 0n && offset + length <= size)
    end = offset + length
  }
}

/** Names by number, of users and of groups. */
export function readOwners(fields) {
  const namesOf = (count = 0, ids, name) => {
    const [numbers, names] = [planes(ids, count), strings(fields, name, count)]
    check(count <= 3 * max.batchRowsMax, 'bad-field')
    const fits = (each, i) => each.length > 0 && each.length <= max.nameBytesMax && !(numbers[i] <= numbers[i - 1])
    check(names.every(fits), 'bad-owners')
    return new Map(names.map((each, i) => [numbers[i], each]))
  }
  const users = namesOf(fields.userCount, fields.uids, 'userNames')
  const groups = namesOf(fields.groupCount, fields.gids, 'groupNames')
  check(users.size + groups.size > 0, 'bad-owners')
  return { users, groups }
}

/** Ranges of a recipe, as `{ from, offset, length, path }`, and the parts of its literals. */
export function readRecipe({ size, literals, count, pathCount = 0, ...fields }) {
  const paths = strings(fields, 'paths', pathCount)
  const column = (name, width) => planes(fields[name], count, width)
  const [from, offset, length, index] = [column('from', 1), column('offset', 8), column('length', 8), column('path')]
  const ranges = from.map((source, i) => ({
    from: source,
    offset: offset[i],
    length: length[i],
    path: paths[index[i]],
  }))
  check(
    paths.every((path) => path.length > 0 && path.length <= max.pathBytesMax && isPath(path)),
    'bad-recipe',
  )
  ranges.forEach((each, i) => {
    check(each.from <= 3n && each.length >= 1n && each.offset + each.length <= sizeMax, 'bad-recipe')
    check(isCopy(each) ? each.path !== undefined : each.offset === 0n && index[i] === 0n, 'bad-recipe')
  })
  // Each path once, in order of first use.
  const used = index.filter((_, i) => isCopy(ranges[i])).map(Number)
  check([...new Set(used)].every((each, i) => each === i) && new Set(used).size === paths.length, 'bad-recipe')
  check(new Set(paths.map((path) => path.toString('latin1'))).size === paths.length, 'bad-recipe')
  const squeezes = readSqueezes(fields, ranges)
  check(total(ranges) === BigInt(size), 'bad-recipe')
  check(ranges.some((each) => each.from === 0n) === (literals !== undefined), 'bad-recipe')
  check(total(ranges.filter((each) => each.from === 3n)) <= max.zerosBytesMax, 'bad-recipe')
  check(squeezes.length === 0 || literals !== undefined, 'bad-recipe')
  const dictionaries = Number(squeezes.reduce((sum, each) => sum + total(each.ranges), 0n))
  check(dictionaries <= max.dictionariesBytesMin + max.dictionariesTimesMax * size, 'bad-recipe')
  const sent =
    squeezes.length > 0 ? squeezes.map(({ bytes }) => ({ length: bytes })) : ranges.filter((each) => each.from === 0n)
  return { ranges, squeezes, literalsBytes: Number(total(sent)) }
}

const isCopy = ({ from }) => from === 1n || from === 2n
const total = (list) => list.reduce((sum, { length }) => sum + length, 0n)

/** Parts of squeezed literals, as `{ bytes, ranges }`: the last ranges of the recipe are those of their dictionaries. */
function readSqueezes({ squeezeCount = 0, squeezeBytes, squeezeRanges }, ranges) {
  const [bytes, counts] = [planes(squeezeBytes, squeezeCount), planes(squeezeRanges, squeezeCount)]
  if (squeezeCount === 0) return []
  const all = ranges.splice(Math.max(0, ranges.length - Number(counts.reduce((a, b) => a + b, 0n))))
  check(ranges.length > 0, 'bad-recipe')
  return bytes.map((length, k) => {
    const dictionary = all.splice(0, Number(counts[k]))
    check(length >= 1n && length <= max.squeezeBytesMax && total(dictionary) <= max.dictionaryBytesMax, 'bad-recipe')
    check(dictionary.every(isCopy), 'bad-recipe')
    return { bytes: length, ranges: dictionary }
  })
}

/** A content as rows name it, and those of some entries. */
export const keyOf = (id, size) => `${id.toString('hex')}:${size}`
export function keysOf(entries) {
  const known = entries.filter((entry) => entry?.content)
  return known.map(({ content, size }) => `${content.toString(16).padStart(64, '0')}:${size}`)
}
