import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Limits } from '../../src/base/constants.ts'
import { hashInto } from '../../src/host/native/blake3.ts'
import { CHUNK_ID_BYTES, ChunkIndex, type ChunkList } from '../../src/tree/chunk-index.ts'
import { Chunker, chunkRule } from '../../src/tree/chunker.ts'
import { LITERAL, literalBytes, type Range, rangesOf, withinLimit, withZeros, ZEROS } from '../../src/tree/recipe.ts'
import { makePrng } from '../support/prng.ts'

const rule = chunkRule(9)

function chunksOf(bytes: Uint8Array): ChunkList {
  const chunker = new Chunker(rule)
  const ends: number[] = []
  for (let at = 0; at < bytes.length; at = ends.at(-1)!) {
    const cut = chunker.next(bytes, at, bytes.length)
    ends.push(cut < 0 ? bytes.length : cut)
  }
  const ids = Buffer.alloc(ends.length * CHUNK_ID_BYTES)
  for (const [i, end] of ends.entries())
    hashInto(ids, i * CHUNK_ID_BYTES, CHUNK_ID_BYTES, bytes.subarray(ends[i - 1] ?? 0, end))
  return { ends: Float64Array.from(ends), ids }
}

/** Follows the ranges; literals are taken from the content itself. */
function follow(ranges: readonly Range[], files: readonly Buffer[], content: Buffer): Buffer {
  let at = 0
  return Buffer.concat(
    ranges.map(({ file, offset, length }) => {
      at += length
      return file === LITERAL ? content.subarray(at - length, at) : files[file]!.subarray(offset, offset + length)
    }),
  )
}

function indexOf(files: readonly Buffer[]): ChunkIndex {
  const index = new ChunkIndex(1_000_000)
  for (const [file, bytes] of files.entries()) index.addFile(file, chunksOf(bytes))
  return index
}

const bytesOf = (seed: number, size: number): Buffer => makePrng(seed).bytes(size)
const old = [bytesOf(1, 300_000), bytesOf(2, 200_000), Buffer.alloc(100_000)]
const index = indexOf(old)

describe('rangesOf', () => {
  const cases: ReadonlyArray<readonly [what: string, content: Buffer, rangesMax: number, literalMax: number]> = [
    ['the same file', old[0]!, 1, 0],
    ['an insert', Buffer.concat([old[0]!.subarray(0, 1e5), Buffer.from('new'), old[0]!.subarray(1e5)]), 3, 3000],
    ['a move within a file', Buffer.concat([old[0]!.subarray(2e5), old[0]!.subarray(0, 2e5)]), 5, 8000],
    ['two files joined', Buffer.concat([old[1]!, old[0]!]), 3, 3000],
    ['the middle of a file', old[0]!.subarray(1e5, 2e5), 3, 4000],
    ['another file', bytesOf(9, 100_000), 1, 100_000],
    ['zeros', Buffer.alloc(300_000), 200, 2048],
    ['nothing', Buffer.alloc(0), 0, 0],
  ]
  it.each(cases)('%s', (_what, content, rangesMax, literalMax) => {
    const ranges = rangesOf(chunksOf(content), index, LITERAL)
    expect(follow(ranges, old, content).equals(content)).toBe(true)
    expect(ranges.length).toBeLessThanOrEqual(rangesMax)
    expect(literalBytes(ranges)).toBeLessThanOrEqual(literalMax)
  })

  it('copies from the wanted file where it can', () => {
    const twins = indexOf([old[0]!, bytesOf(3, 1000), old[0]!])
    expect(rangesOf(chunksOf(old[0]!), twins, LITERAL)).toEqual([{ file: 0, offset: 0, length: 300_000 }])
    expect(rangesOf(chunksOf(old[0]!), twins, 2)).toEqual([{ file: 2, offset: 0, length: 300_000 }])
    expect(rangesOf(chunksOf(old[0]!), twins, 1)).toEqual([{ file: 0, offset: 0, length: 300_000 }])
  })

  it('makes the content, however old files were put together', () => {
    const part = fc.record({ file: fc.integer({ min: 0, max: 2 }), from: fc.nat(90_000), length: fc.nat(9000) })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const content = Buffer.concat(parts.map(({ file, from, length }) => old[file]!.subarray(from, from + length)))
        const ranges = rangesOf(chunksOf(content), index, LITERAL)
        expect(follow(ranges, old, content).equals(content)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('is bounded in memory', () => {
    const small = new ChunkIndex(100)
    expect(small.addFile(0, chunksOf(old[0]!))).toBe(false)
    expect([small.count, small.isFull]).toEqual([100, true])
    const ranges = rangesOf(chunksOf(old[0]!), small, LITERAL)
    expect(ranges).toHaveLength(2)
    expect(follow(ranges, old, old[0]!).equals(old[0]!)).toBe(true)
  })

  it('is quick where one chunk occurs very often', () => {
    const zeros = new ChunkIndex(1_000_000)
    const list = { ends: Float64Array.from({ length: 200_000 }, (_, i) => i + 1), ids: new Uint8Array(3_200_000) }
    zeros.addFile(0, list)
    expect(rangesOf(list, zeros, 7)).toEqual([{ file: 0, offset: 0, length: 200_000 }])
  })
})

describe('withZeros', () => {
  const K = 1024
  const zeros = (ranges: Range[], ...holes: [offset: number, length: number][]) =>
    withZeros(
      ranges.map((range) => ({ ...range, length: range.length * K })),
      holes.map(([offset, length]) => ({ offset: offset * K, length: length * K })),
    ).map(({ file, offset, length }) => [file, offset, length / K])
  const literal = (length: number): Range => ({ file: LITERAL, offset: 0, length })
  const copy = (length: number): Range => ({ file: 3, offset: 5, length })

  it.each<[string, Range[], [number, number][], number[][]]>([
    ['no holes', [literal(900)], [], [[LITERAL, 0, 900]]],
    ['all a hole', [literal(900)], [[0, 900]], [[ZEROS, 0, 900]]],
    [
      'a hole in the middle',
      [literal(900)],
      [[100, 500]],
      [
        [LITERAL, 0, 100],
        [ZEROS, 0, 500],
        [LITERAL, 0, 300],
      ],
    ],
    [
      'short holes are sent',
      [literal(900)],
      [
        [100, 63],
        [300, 64],
      ],
      [
        [LITERAL, 0, 300],
        [ZEROS, 0, 64],
        [LITERAL, 0, 536],
      ],
    ],
    [
      'copies stay',
      [literal(100), copy(400), literal(400)],
      [[0, 700]],
      [
        [ZEROS, 0, 100],
        [3, 5, 400],
        [ZEROS, 0, 200],
        [LITERAL, 0, 200],
      ],
    ],
  ])('%s', (_, ranges, holes, expected) => {
    expect(zeros(ranges, ...holes)).toEqual(expected)
  })

  it('has no more zeros than a recipe may', () => {
    const half = Limits.zerosBytesMax / 2
    const holes = [0, 1, 2].map((n) => ({ offset: n * 2 * half, length: half }))
    const ranges = withZeros([{ file: LITERAL, offset: 0, length: 6 * half }], holes)
    expect(ranges.map(({ file }) => file)).toEqual([ZEROS, LITERAL, ZEROS, LITERAL])
  })
})

describe('withinLimit', () => {
  it('sends short copies along where there are too many ranges', () => {
    const ranges = Array.from({ length: 100 }, (_, i) => ({
      file: 0,
      offset: i * 10_000,
      length: i % 2 === 0 ? 500 : 5000,
    }))
    const size = ranges.reduce((sum, { length }) => sum + length, 0)
    for (const countMax of [100, 99, 98, 50, 2]) {
      const limited = withinLimit(ranges, countMax)
      expect(limited.length).toBeLessThanOrEqual(countMax)
      expect(limited.length).toBeGreaterThanOrEqual(countMax - 2)
      expect(limited.reduce((sum, { length }) => sum + length, 0)).toBe(size)
    }
    expect(literalBytes(withinLimit(ranges, 98))).toBeLessThan(40_000)
  })
})
