/**
 * Globs (spec §7.2): one component of a filter pattern, compiled once and matched against names as they are, bytes. Pure.
 * A name is read character by character: a well-formed UTF-8 sequence is one character, any other byte is one by itself and
 * equals no character of a pattern. Matching takes at most (length of name x length of pattern) steps, whatever a hostile
 * pattern says: translations to regular expressions take minutes for six stars.
 */
import { UsageError } from '../base/errors.ts'

export type Glob = {
  /** The bytes that a name must equal, where the pattern has no wildcard. */
  literal: Uint8Array | null
  /** Code points, or one of the operations below, or `CLASS - k` for class k. */
  operations: Int32Array
  classes: CharacterClass[]
  /** The first and the last byte of every matching name; -1 where any byte may stand there. */
  firstByte: number
  lastByte: number
}

type CharacterClass = { isNegated: boolean /** Pairs of first and last code point. */; ranges: number[] }

const STAR = -1
const ANY = -2
const CLASS = -3

/** Behind the last code point: what a byte that is not part of well-formed UTF-8 counts as. */
const RAW = 0x110000

/**
 * Compiles one component: `*` is any run of characters, `?` one character, `[...]` one of a class, `\` takes the next
 * character as it is.
 * @throws UsageError where a class or an escape does not end
 */
export function compileGlob(pattern: string): Glob {
  const characters = Array.from(pattern, (character) => character.codePointAt(0)!)
  const operations: number[] = []
  const classes: CharacterClass[] = []
  for (let i = 0; i < characters.length; i++) {
    const character = String.fromCodePoint(characters[i]!)
    if (character === '*') {
      if (operations.at(-1) !== STAR) operations.push(STAR)
    } else if (character === '?') operations.push(ANY)
    else if (character === '\\') operations.push(escapedAt(characters, ++i, pattern))
    else if (character === '[') {
      const { end, parsed } = parseClass(characters, i + 1, pattern)
      operations.push(CLASS - classes.length)
      classes.push(parsed)
      i = end
    } else operations.push(characters[i]!)
  }
  return finish(operations, classes)
}

function finish(operations: number[], classes: CharacterClass[]): Glob {
  const isLiteral = operations.every((operation) => operation >= 0)
  return {
    literal: isLiteral ? new TextEncoder().encode(textOf(operations)) : null,
    operations: Int32Array.from(operations),
    classes,
    firstByte: edgeByte(operations[0], 0),
    lastByte: edgeByte(operations.at(-1), -1),
  }
}

/** Character by character: a pattern may have more than a call may have arguments. */
function textOf(characters: readonly number[]): string {
  return characters.map((character) => String.fromCodePoint(character)).join('')
}

function edgeByte(operation: number | undefined, index: number): number {
  if (operation === undefined || operation < 0) return -1
  return new TextEncoder().encode(String.fromCodePoint(operation)).at(index)!
}

function escapedAt(characters: number[], i: number, pattern: string): number {
  const character = characters[i]
  if (character === undefined) throw new UsageError('filter', `'${pattern}' ends in a lone '\\'; write '\\\\' for one`)
  return character
}

/** Ranges of the POSIX classes, ASCII only. */
const namedClasses: Readonly<Record<string, string>> = {
  alnum: '09AZaz',
  alpha: 'AZaz',
  blank: '\t\t  ',
  cntrl: '\0\x1f\x7f\x7f',
  digit: '09',
  graph: '!~',
  lower: 'az',
  print: ' ~',
  punct: '!/:@[`{~',
  space: '\t\r  ',
  upper: 'AZ',
  xdigit: '09AFaf',
}

/** Parses a class from behind its '['; `end` is the index of its ']'. */
function parseClass(characters: number[], start: number, pattern: string): { end: number; parsed: CharacterClass } {
  const text = (i: number): string => (i < characters.length ? String.fromCodePoint(characters[i]!) : '')
  const isNegated = text(start) === '!' || text(start) === '^'
  const first = isNegated ? start + 1 : start
  const ranges: number[] = []
  let i = first
  for (; text(i) !== ']' || i === first; i++) {
    if (i >= characters.length) {
      throw new UsageError('filter', `'${pattern}' has a '[' without its ']'; write '\\[' for the character itself`)
    }
    const named = text(i) === '[' && text(i + 1) === ':' ? nameOfClass(characters, i + 2) : null
    if (named !== null) {
      const edges = namedClasses[named]
      if (edges === undefined) throw new UsageError('filter', `'${pattern}' names an unknown class '[:${named}:]'`)
      for (const edge of edges) ranges.push(edge.codePointAt(0)!)
      i += named.length + 3
      continue
    }
    if (text(i) === '\\') i++
    const low = escapedAt(characters, i, pattern)
    let high = low
    if (text(i + 1) === '-' && text(i + 2) !== ']' && text(i + 2) !== '') {
      i += text(i + 2) === '\\' ? 3 : 2
      high = escapedAt(characters, i, pattern)
    }
    if (high < low) throw new UsageError('filter', `'${pattern}' has a range that ends before it begins`)
    ranges.push(low, high)
  }
  return { end: i, parsed: { isNegated, ranges } }
}

/** The name in `[:name:]` whose first letter is at `start`; null where it is none. */
function nameOfClass(characters: number[], start: number): string | null {
  let end = start
  while (end < characters.length && characters[end]! >= 0x61 && characters[end]! <= 0x7a) end++
  const closes = characters[end] === 0x3a && characters[end + 1] === 0x5d
  return closes && end > start ? textOf(characters.slice(start, end)) : null
}

/** Whether a name, a range of a heap, matches as a whole. */
export function matchesGlob(glob: Glob, heap: Uint8Array, start: number, end: number): boolean {
  if (glob.literal !== null) return equalsRange(glob.literal, heap, start, end)
  if (glob.firstByte >= 0 && heap[start] !== glob.firstByte) return false
  if (glob.lastByte >= 0 && heap[end - 1] !== glob.lastByte) return false
  return matchesOperations(glob, heap, start, end)
}

function equalsRange(literal: Uint8Array, heap: Uint8Array, start: number, end: number): boolean {
  const length = literal.length
  if (end - start !== length) return false
  for (let i = 0; i < length; i++) if (literal[i] !== heap[start + i]) return false
  return true
}

/** Where a match fails, the last star takes one character more: earlier stars need never be tried again. */
function matchesOperations(glob: Glob, heap: Uint8Array, start: number, end: number): boolean {
  const { operations, classes } = glob
  const count = operations.length
  let o = 0
  let i = start
  let starOperation = -1
  let starAt = start
  while (i < end) {
    const operation = o < count ? operations[o]! : STAR - 1
    if (o < count && operation === STAR) {
      starOperation = o++
      starAt = i
      continue
    }
    if (o < count && matchesOne(operation, classes, heap, i, end)) {
      i += characterLength(heap, i, end)
      o++
      continue
    }
    if (starOperation < 0) return false
    starAt += characterLength(heap, starAt, end)
    i = starAt
    o = starOperation + 1
  }
  while (o < count && operations[o] === STAR) o++
  return o === count
}

function matchesOne(operation: number, classes: CharacterClass[], heap: Uint8Array, i: number, end: number): boolean {
  if (operation === ANY) return true
  const character = characterAt(heap, i, end)
  if (operation >= 0) return operation === character
  const { isNegated, ranges } = classes[CLASS - operation]!
  for (let r = 0; r < ranges.length; r += 2) {
    if (character >= ranges[r]! && character <= ranges[r + 1]!) return !isNegated
  }
  return isNegated
}

/** Bytes of the character at i: of a well-formed UTF-8 sequence (RFC 3629 §4), or 1. */
export function characterLength(heap: Uint8Array, i: number, end: number): number {
  const byte = heap[i]!
  if (byte < 0xc2 || byte > 0xf4) return 1
  const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
  if (i + length > end) return 1
  const second = heap[i + 1]!
  const low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80
  const high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 1
  for (let k = 2; k < length; k++) if ((heap[i + k]! & 0xc0) !== 0x80) return 1
  return length
}

function characterAt(heap: Uint8Array, i: number, end: number): number {
  const byte = heap[i]!
  if (byte < 0x80) return byte
  switch (characterLength(heap, i, end)) {
    case 2:
      return ((byte & 0x1f) << 6) | (heap[i + 1]! & 0x3f)
    case 3:
      return ((byte & 0x0f) << 12) | ((heap[i + 1]! & 0x3f) << 6) | (heap[i + 2]! & 0x3f)
    case 4:
      return (
        ((byte & 0x07) << 18) | ((heap[i + 1]! & 0x3f) << 12) | ((heap[i + 2]! & 0x3f) << 6) | (heap[i + 3]! & 0x3f)
      )
    default:
      return RAW + byte
  }
}
