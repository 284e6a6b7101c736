/** Parts of squeezed literals: in any pieces, and what becomes of those that do not fit the files. */
import { describe, expect, it } from 'vitest'
import { squeeze } from '../../../src/host/native/zstd.ts'
import { type ReadRange, SqueezedParts } from '../../../src/host/stage/squeezed-parts.ts'
import type { CopyRange } from '../../../src/model/item.ts'
import { makePrng } from '../../support/prng.ts'

const old = Buffer.from(makePrng(5).bytes(30_000))
const range = (offset: number, length: number): CopyRange => ({
  from: 'before',
  path: Buffer.from('x'),
  offset,
  length,
})
const readFrom =
  (bytes: Buffer): ReadRange =>
  ({ offset, length }, use) => {
    if (offset + length > bytes.length) return false
    use(bytes.subarray(offset, offset + 7))
    use(bytes.subarray(offset + 7, offset + length))
    return true
  }

const literals = [
  Buffer.concat([old.subarray(10, 9000), Buffer.from('new')]),
  Buffer.from('short'),
  old.subarray(20_000),
]
const dictionaries = [[range(0, 5000), range(5000, 5000)], [], [range(15_000, 15_000)]]
const frames = literals.map((literal, k) => {
  const bytes = dictionaries[k]!.map(({ offset, length }) => old.subarray(offset, offset + length))
  return squeeze(literal, Buffer.concat(bytes), 9)
})
const squeezes = frames.map((frame, k) => ({ bytes: frame.length, ranges: dictionaries[k]! }))
const sent = Buffer.concat(frames)

/** What a run makes of the sent bytes in pieces of some length; null where it does not fit. */
function expand(read: ReadRange, pieceBytes: number, bytes: Buffer = sent): Buffer | null {
  const parts = new SqueezedParts(squeezes, read)
  const made: Buffer[] = []
  const use = (literal: Uint8Array): boolean => made.push(Buffer.from(literal)) > 0
  for (let at = 0; at < bytes.length; at += pieceBytes)
    if (!parts.take(bytes.subarray(at, at + pieceBytes), use)) return null
  return Buffer.concat(made)
}

describe('squeezed parts', () => {
  it('hardly have bytes that the dictionary has', () => expect(sent.length).toBeLessThan(150))

  it.each([1, 5, 64, 1 << 20])('in pieces of %i bytes', (pieceBytes) => {
    expect(expand(readFrom(old), pieceBytes)).toEqual(Buffer.concat(literals))
  })

  it('are not made of a file that is shorter', () => expect(expand(readFrom(old.subarray(0, 29_999)), 64)).toBeNull())

  it('are not made of a dictionary that libraries take for a trained one', () => {
    expect(expand(readFrom(Buffer.concat([Buffer.from('37a430ec', 'hex'), old])), 64)).toBeNull()
  })

  it('are not more than the recipe says', () => {
    expect(expand(readFrom(old), 64, Buffer.concat([sent, Buffer.of(1)]))).toBeNull()
  })

  it('that are damaged are not taken', () => {
    const damaged = Buffer.from(sent)
    damaged[0]! ^= 1
    expect(expand(readFrom(old), 64, damaged)).toBeNull()
  })
})
