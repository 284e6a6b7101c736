/** columns.ts: planes, differences, XOR, for integers of 8 to 64 bits. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeDelta,
  decodePlanes,
  decodePlanes64,
  encodeDelta,
  encodePlanes,
  encodePlanes64,
  joinFloats,
  splitFloats,
  xorColumn,
  xorFloats,
  xorWide,
} from '../../src/format/columns.ts'

const SIZE_MAX = Number.MAX_SAFE_INTEGER
/** Values of all lengths, not of all bits: small ones are as likely as large ones. */
const unsigned = (bits: number) =>
  fc.integer({ min: 0, max: bits }).chain((used) => fc.bigInt({ min: 0n, max: 2n ** BigInt(used) - 1n }))
const column = (bits: number) => fc.array(unsigned(bits), { minLength: 1, maxLength: 60 })
const signed = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(0, -1, 1, SIZE_MAX, -SIZE_MAX, 2 ** 32, -(2 ** 32)),
)

const halves = (values: bigint[]): Uint32Array => new Uint32Array(BigUint64Array.from(values).buffer)
const wide = (values: Uint32Array): bigint[] => [...new BigUint64Array(values.slice().buffer)]

describe('planes', () => {
  for (const [bits, make] of [
    [8, Uint8Array],
    [16, Uint16Array],
    [32, Uint32Array],
  ] as const) {
    test(`of ${bits} bits give the values back, in as many planes as the largest needs`, () => {
      fc.assert(
        fc.property(column(bits), (list) => {
          const values = new make(list.map(Number))
          const bytes = encodePlanes(values, values.length)
          const largest = Math.max(...values)
          expect(bytes?.length ?? 0).toBe(values.length * (largest === 0 ? 0 : (largest.toString(16).length + 1) >> 1))
          const again = new make(values.length)
          if (bytes !== null) decodePlanes(bytes, again, values.length, 0, 'test')
          expect([...again]).toEqual([...values])
        }),
      )
    })
  }

  test('of 64 bits give the values back', () => {
    fc.assert(
      fc.property(column(64), (list) => {
        const bytes = encodePlanes64(halves(list), list.length)
        const again = new Uint32Array(2 * list.length)
        if (bytes !== null) decodePlanes64(bytes, again, list.length, 0, 'test')
        expect(wide(again)).toEqual(list)
      }),
    )
  })

  test('hold byte k of every value behind one another, the lowest first', () => {
    expect(encodePlanes(Uint32Array.of(0x010203, 0x04), 2)).toEqual(Uint8Array.of(3, 4, 2, 0, 1, 0))
    expect(encodePlanes64(halves([0x0102030405n, 6n]), 2)).toEqual(Uint8Array.of(5, 6, 4, 0, 3, 0, 2, 0, 1, 0))
    expect(encodePlanes(Uint32Array.of(0, 0), 2)).toBe(null)
  })

  const refused: [name: string, bytes: number[], count: number][] = [
    ['of no byte', [], 2],
    ['of half a plane', [1], 2],
    ['of one and a half planes', [1, 1, 1], 2],
    ['of five planes for 32 bits', [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 2],
    ['that are all zero', [0, 0], 2],
    ['of which the last is all zero', [1, 1, 0, 0], 2],
  ]
  for (const [name, bytes, count] of refused) {
    test(`${name} are refused`, () => {
      const values = new Uint32Array(count)
      expect(() => decodePlanes(Uint8Array.from(bytes), values, count, 7, 'test')).toThrow(
        expect.objectContaining({ code: 'bad-column', offset: 7 }),
      )
    })
  }
})

describe('differences', () => {
  const rows = fc.array(fc.tuple(unsigned(64), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 40 })

  test('give the values of present rows back, whatever 64 bits they have', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const kind = Uint8Array.from(list, ([, each]) => each)
        const values = list.map(([value, each]) => (each === 0 ? 0n : value))
        const coded = halves(values)
        encodeDelta(coded, kind, list.length)
        decodeDelta(coded, kind, list.length)
        expect(wide(coded)).toEqual(values)
      }),
    )
  })

  test('are folded so that small steps down stay small', () => {
    const coded = halves([10n, 9n, 11n, 2n ** 64n - 1n])
    encodeDelta(coded, Uint8Array.of(1, 1, 1, 1), 4)
    expect(wide(coded)).toEqual([20n, 1n, 4n, 23n])
  })

  test('pass over rows that are absent', () => {
    const coded = halves([5n, 0n, 6n])
    encodeDelta(coded, Uint8Array.of(1, 0, 1), 3)
    expect(wide(coded)).toEqual([10n, 0n, 2n])
  })
})

describe('halves of doubles', () => {
  test("are two's complement, and give integers up to 2^53 - 1 back", () => {
    fc.assert(
      fc.property(fc.array(signed, { minLength: 1, maxLength: 20 }), (list) => {
        const parts = new Uint32Array(2 * list.length)
        splitFloats(Float64Array.from(list), list.length, parts)
        expect(wide(parts)).toEqual(list.map((value) => BigInt.asUintN(64, BigInt(value))))
        const again = new Float64Array(list.length)
        joinFloats(parts, list.length, again)
        expect([...again]).toEqual(list.map((value) => value + 0))
      }),
    )
  })
})

describe('XOR', () => {
  const pair = fc.tuple(signed, signed, fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }))

  test('of doubles is that of their halves, in rows that both sides have', () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 20 }), (list) => {
        const values = Float64Array.from(list, ([value]) => value)
        const other = Float64Array.from(list, ([, value]) => value)
        const kind = Uint8Array.from(list, ([, , each]) => each)
        const otherKind = Uint8Array.from(list, ([, , , each]) => each)
        const parts = new Uint32Array(2 * list.length)
        const otherParts = new Uint32Array(2 * list.length)
        splitFloats(values, list.length, parts)
        splitFloats(other, list.length, otherParts)
        xorWide(parts, otherParts, kind, otherKind, list.length, 2)
        const again = new Float64Array(list.length)
        xorFloats(parts, other, kind, otherKind, list.length, again)
        expect([...again]).toEqual(list.map(([value]) => value + 0))
      }),
    )
  })

  test('is its own inverse, and leaves rows alone that one side lacks', () => {
    const values = Uint32Array.of(7, 7, 7, 7)
    const other = Uint32Array.of(1, 2, 3, 4)
    const kinds = [Uint8Array.of(1, 0, 1, 0), Uint8Array.of(1, 1, 0, 0)] as const
    xorColumn(values, other, ...kinds, 4)
    expect([...values]).toEqual([6, 7, 7, 7])
    xorColumn(values, other, ...kinds, 4)
    expect([...values]).toEqual([7, 7, 7, 7])
  })
})
