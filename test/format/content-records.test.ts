import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameType } from '../../src/base/constants.ts'
import { recordBytesMax, writeContentRecord } from '../../src/format/content-records.ts'
import { contentItems, decodeItems, encodeItem } from '../../src/format/items.ts'
import { decodeRecords } from '../../src/format/msgpack.ts'
import { hashBytes } from '../../src/host/native/blake3.ts'
import type { ContentPiece, Item } from '../../src/model/item.ts'

const arbitraryPiece = fc
  .record({
    id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    length: fc.constantFrom(1, 2, 31, 32, 255, 256, 257, 65_535, 65_536),
    offset: fc.constantFrom(0, 0, 1, 2 ** 32, 2 ** 33 + 5),
    more: fc.constantFrom(0, 0, 7, 2 ** 40),
  })
  .map(({ id, length, offset, more }) => {
    return { id, size: offset + length + more, offset, bytes: new Uint8Array(length).fill(id[0]!) }
  })

const encoded = (pieces: ContentPiece[]): Buffer =>
  Buffer.concat(pieces.map((piece) => encodeItem({ kind: 'content', piece, isVerified: false })))

/** Short, and quick to compare. */
function told(items: Item[] | null): unknown {
  return items?.map((item) => item.kind === 'content' && toldPiece(item.piece))
}

function toldPiece({ id, size, offset, bytes }: ContentPiece): string {
  return [hashBytes(id), size, offset, hashBytes(bytes)].join(' ')
}

function general(raw: Uint8Array): Item[] | null {
  try {
    return decodeItems(FrameType.content, decodeRecords(raw, 0), 'changeset', 0)
  } catch {
    return null
  }
}

test('writeContentRecord writes what the general writer writes', () => {
  fc.assert(
    fc.property(arbitraryPiece, fc.nat(5), (piece, start) => {
      const raw = Buffer.alloc(start + recordBytesMax(piece))
      const end = writeContentRecord(raw, start, piece)
      expect(hashBytes(raw.subarray(start, end))).toEqual(hashBytes(encoded([piece])))
    }),
  )
})

test('contentItems gives what the general reader gives', () => {
  fc.assert(
    fc.property(fc.array(arbitraryPiece, { minLength: 1, maxLength: 8 }), (pieces) => {
      const items = contentItems(encoded(pieces))
      expect(told(general(encoded(pieces)))).toEqual(pieces.map(toldPiece))
      // A last content of a byte or two may be left to the general reader.
      if (items !== null || pieces.at(-1)!.bytes.length > 2) expect(told(items)).toEqual(pieces.map(toldPiece))
    }),
  )
})

test('contentItems takes nothing that the general reader refuses', () => {
  const arbitraryChange = fc.record({ at: fc.nat(200), value: fc.nat(255), cut: fc.constantFrom(0, 0, 1, 2, 5, 20) })
  fc.assert(
    fc.property(fc.array(arbitraryPiece, { minLength: 1, maxLength: 3 }), arbitraryChange, (pieces, change) => {
      const raw = encoded(pieces)
      raw[change.at % raw.length] = change.value
      const damaged = raw.subarray(0, raw.length - change.cut)
      const items = contentItems(damaged)
      if (items !== null) expect(told(items)).toEqual(told(general(damaged)))
    }),
    { numRuns: 1000 },
  )
})
