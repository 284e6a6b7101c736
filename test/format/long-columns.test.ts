/** findLongColumns: the places that the view of bytes finds, and frames of blocks that end there hold the same bytes. */
import { describe, expect, test } from 'vitest'
import { findLongColumns } from '../../src/format/long-columns.ts'
import { encodeRecord } from '../../src/format/msgpack.ts'
import { spansOf } from '../../src/format/spans.ts'
import { compressBlocks, decompress } from '../../src/host/native/zstd.ts'

const columns = [0, 1, 31, 255, 256, 300, 65_535, 65_536, 100_000]

const record = Buffer.from(
  encodeRecord('rows', {
    count: 70_000,
    text: 'x'.repeat(300),
    list: [1, 200, 'y'.repeat(40)],
    after: Object.fromEntries(columns.map((length) => [`c${length}`, Buffer.alloc(length, length)])),
    last: Buffer.alloc(5000, 1),
  }),
)

function placesBySpans(bytesMin: number): number[] {
  return spansOf(record).flatMap(({ end, value }) =>
    value instanceof Uint8Array && value.length >= bytesMin ? [end - value.length, end] : [],
  )
}

describe('findLongColumns', () => {
  test.each([1, 256, 70_000])('finds byte strings of %i bytes and more', (bytesMin) => {
    const places: number[] = []
    findLongColumns(record, bytesMin, 0, places)
    expect(places).toEqual(placesBySpans(bytesMin))
    const later = [7]
    findLongColumns(record, bytesMin, 1000, later)
    expect(later).toEqual([7, ...places.map((place) => place + 1000)])
  })
})

test.each([[[]], [[0, record.length]], [placesBySpans(256)]])(
  'compressBlocks gives one frame of the same bytes',
  (cuts) => {
    const frame = compressBlocks(record, 3, cuts)
    expect(Buffer.compare(decompress(frame, record.length)!, record)).toBe(0)
    expect(Buffer.compare(compressBlocks(record, 3, cuts), frame)).toBe(0)
  },
)
