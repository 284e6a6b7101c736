import { describe, expect, it } from 'vitest'
import { compress, decompress, isIncompressible, store } from '../../../src/host/native/zstd.ts'
import { makePrng } from '../../support/prng.ts'

const noise = makePrng(3).bytes(1 << 20)
const words = Buffer.alloc(1 << 20, 'words ')
const mixed = Buffer.concat([noise, words])

describe('a frame', () => {
  it.each([
    ['noise', noise],
    ['words', words],
    ['both', mixed],
    ['few bytes', Buffer.from('few')],
  ])('of %s holds the bytes, compressed or stored', (_, raw) => {
    for (const frame of [compress(raw, 3), compress(raw, 19), store(raw)]) {
      expect(Buffer.compare(decompress(frame, raw.length)!, raw)).toBe(0)
      expect(frame.length).toBeLessThan(raw.length + 600)
    }
  })

  it('does not depend on what was made before it', () => {
    const first = compress(words, 3)
    store(noise)
    expect(Buffer.compare(compress(words, 3), first)).toBe(0)
  })
})

it.each([
  ['noise', noise, true],
  ['words', words, false],
  ['both', mixed, false],
  ['too few bytes to tell', noise.subarray(0, 100_000), false],
])('%s: compressed already is %s', (_, raw, expected) => {
  expect(isIncompressible(raw)).toBe(expected)
})
