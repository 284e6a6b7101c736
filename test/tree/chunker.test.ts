import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Limits } from '../../src/base/constants.ts'
import { Chunker, type ChunkRule, chunkRule, chunkRuleFor } from '../../src/tree/chunker.ts'
import { pattern } from '../support/every-kind.ts'
import { makePrng } from '../support/prng.ts'

/** Ends of the chunks of bytes that come in pieces of these lengths, the last one repeated. */
function endsOf(rule: ChunkRule, bytes: Uint8Array, pieceLengths: number[] = [bytes.length], shift = 0): number[] {
  const chunker = new Chunker(rule)
  const ends: number[] = []
  for (let at = 0, p = 0; at < bytes.length; p++) {
    const length = Math.max(1, pieceLengths[Math.min(p, pieceLengths.length - 1)]!)
    const piece = new Uint8Array(shift + Math.min(length, bytes.length - at)).subarray(shift)
    piece.set(bytes.subarray(at, at + piece.length))
    for (let from = 0; from < piece.length; ) {
      const cut = chunker.next(piece, from, piece.length)
      if (cut < 0) break
      ends.push(at + cut)
      from = cut
    }
    at += piece.length
  }
  if (chunker.length > 0) ends.push(bytes.length)
  return ends
}

/** The same by the definition: every hash over its window, byte by byte. */
function endsByDefinition(rule: ChunkRule, bytes: Uint8Array, gear: (byte: number) => number): number[] {
  const ends: number[] = []
  for (let start = 0; start < bytes.length; ) {
    let length = rule.lengthMin + 1
    for (; start + length < bytes.length && length < rule.lengthMax; length++) {
      let hash = 0
      for (let k = start + length - 32; k < start + length; k++) hash = ((hash << 1) + gear(bytes[k]!)) | 0
      if ((hash & (length <= rule.lengthNormal ? rule.strictMask : rule.looseMask)) === 0) break
    }
    start = Math.min(start + length, bytes.length)
    ends.push(start)
  }
  return ends
}

function gear(byte: number): number {
  let h = Math.imul(byte + 1, 0x9e3779b9)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

const chunksOf = (rule: ChunkRule, bytes: Buffer): Set<string> => {
  const ends = endsOf(rule, bytes)
  return new Set(ends.map((end, i) => bytes.toString('latin1', i === 0 ? 0 : ends[i - 1], end)))
}

describe('Chunker', () => {
  const rule = chunkRule(9)

  it('cuts where the definition says', () => {
    const bytes = makePrng(1).bytes(200_000)
    expect(endsOf(rule, bytes)).toEqual(endsByDefinition(rule, bytes, gear))
    expect(endsOf(chunkRule(11), bytes)).toEqual(endsByDefinition(chunkRule(11), bytes, gear))
  })

  it('cuts this pattern here for ever', () => {
    expect(endsOf(rule, pattern(4000))).toMatchInlineSnapshot(`
      [
        677,
        1229,
        1799,
        2057,
        2718,
        3275,
        3884,
        4000,
      ]
    `)
  })

  it('cuts the same in whatever pieces the bytes come, aligned or not', () => {
    const bytes = makePrng(2).bytes(20_000)
    const whole = endsOf(rule, bytes)
    const lengths = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 5 }), (pieceLengths, shift) => {
        expect(endsOf(rule, bytes, pieceLengths, shift)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps the lengths within their bounds, near the average', () => {
    const bytes = makePrng(3).bytes(1_000_000)
    const ends = endsOf(rule, bytes)
    const lengths = ends.map((end, i) => end - (i === 0 ? 0 : ends[i - 1]!)).slice(0, -1)
    expect(Math.min(...lengths)).toBeGreaterThan(rule.lengthMin)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(rule.lengthMax)
    const average = bytes.length / ends.length
    expect(average).toBeGreaterThan(rule.lengthNormal * 0.9)
    expect(average).toBeLessThan(rule.lengthNormal * 1.4)
  })

  it('finds its cuts again behind an insert, a deletion and an overwrite', () => {
    const bytes = makePrng(4).bytes(500_000)
    const edited = Buffer.concat([
      Buffer.from('new'),
      bytes.subarray(0, 100_000),
      makePrng(5).bytes(10),
      bytes.subarray(100_000, 200_000),
      bytes.subarray(200_050),
    ])
    edited[400_000]! ^= 1
    const old = chunksOf(rule, bytes)
    const missing = [...chunksOf(rule, edited)].filter((chunk) => !old.has(chunk))
    expect(missing.length).toBeLessThan(20)
  })

  it('cuts zeros at the greatest length', () => {
    expect(endsOf(rule, new Uint8Array(5000))).toEqual([2048, 4096, 5000])
  })

  it('begins anew after reset', () => {
    const bytes = makePrng(6).bytes(5000)
    const chunker = new Chunker(rule)
    chunker.next(bytes, 0, 100)
    chunker.reset()
    expect(chunker.length).toBe(0)
    expect(chunker.next(bytes, 0, bytes.length)).toBe(endsOf(rule, bytes)[0])
  })
})

describe('chunkRuleFor', () => {
  it.each([
    [0, 8],
    [1000, 8],
    [2 ** 20, 8],
    [2 ** 22 - 1, 8],
    [2 ** 22, 9],
    [50e6, 10],
    [2 ** 26, 11],
    [1e9, 13],
    [2 ** 30, 14],
    [2e9, 14],
    [2 ** 40, 24],
    [2 ** 52, 36],
  ])('of %i bytes has chunks of 2^%i', (size, bits) => {
    expect(chunkRuleFor(size).averageBits).toBe(bits)
  })

  it('never gives more chunks than a record holds', () => {
    for (let bits = 0; bits < 46; bits++) {
      const size = 2 ** (bits + 1) - 1
      expect(Math.ceil(size / chunkRuleFor(size).lengthMin)).toBeLessThanOrEqual(Limits.chunksMax)
    }
  })
})
