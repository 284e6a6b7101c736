/** msgpack.ts: what is written is read; what is not canonical, or not used, is refused before anything is built of it. */
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { Limits } from '../../src/base/constants.ts'
import { decodeRecords, encodeRecord, type Fields, type Value } from '../../src/format/msgpack.ts'

const name = fc.oneof(
  fc.constantFrom('rows', 'x.a', '__proto__', 'constructor', '', '\ufeffbom', 'gr\u00fc\u00df'),
  fc.string(),
)
const length = fc.constantFrom(0, 1, 31, 32, 255, 256)
const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(true, 0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1),
  fc.string({ unit: 'binary' }),
  fc.uint8Array(),
  length.map((count) => 'a'.repeat(count)),
  length.map((count) => new Uint8Array(count)),
)
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 17 }),
    fields(tie('value')),
  ),
}))
/** Maps without integers as keys, which an object would sort. */
function fields(of: fc.Arbitrary<Value>): fc.Arbitrary<Fields> {
  return fc.dictionary(
    name.filter((key) => !/^\d+$/.test(key) && key !== '__proto__'),
    of,
    { maxKeys: 17 },
  )
}

describe('records', () => {
  test('are read as they were written, one behind the other, and their bytes are theirs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fields(value)), { maxLength: 4 }), (list) => {
        const written = list.map(([each, map]) => encodeRecord(each, map))
        const records = decodeRecords(Buffer.concat(written), 0)
        expect(records.map((record) => [record.name, plain(record.fields)])).toEqual(
          list.map(([each, map]) => [each, plain(map)]),
        )
        expect(records.map(({ bytes }) => hexOf(bytes))).toEqual(written.map(hexOf))
      }),
      { numRuns: 300 },
    )
  })

  test('have every length in its shortest form', () => {
    for (const count of [0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536]) {
      const list = {
        text: 'a'.repeat(count),
        bytes: new Uint8Array(count),
        list: Array<Value>(Math.min(count, 65535)).fill(5),
      }
      const [record] = decodeRecords(encodeRecord('x', list), 0)
      expect((record!.fields['text'] as string).length).toBe(count)
      expect((record!.fields['bytes'] as Uint8Array).length).toBe(count)
      expect((record!.fields['list'] as Value[]).length).toBe(Math.min(count, 65535))
    }
  })

  test('keep a key named __proto__ as a key', () => {
    const [record] = decodeRecords(Buffer.from('92a17881a95f5f70726f746f5f5f05', 'hex'), 0)
    expect(Object.entries(record!.fields)).toEqual([['__proto__', 5]])
    expect(Object.getPrototypeOf(record!.fields)).toBe(null)
  })

  test('do not copy byte strings', () => {
    const raw = Buffer.from(encodeRecord('content', { bytes: Buffer.alloc(1000) }))
    const { bytes } = decodeRecords(raw, 0)[0]!.fields as { bytes: Uint8Array }
    expect(bytes.buffer).toBe(raw.buffer)
  })
})

describe('what is refused', () => {
  const packr = new Packr({ useRecords: false, variableMapSize: true, useTimestamp32: true } as object)
  const rows: [what: string, hex: string][] = [
    ['nil', 'c0'],
    ['a byte that means nothing', 'c1'],
    ['false', 'c2'],
    ['a float', 'ca3f800000'],
    ['a double', 'cb3ff0000000000000'],
    ['a 64-bit integer', 'cf0000000100000000'],
    ['a signed integer', 'd0ff'],
    ['a signed 64-bit integer', 'd3ffffffffffffffff'],
    ['a negative fixint', 'e0'],
    ['an extension', 'd40100'],
    ['an extension of eight bits of length', 'c7010100'],
    ['an extension of 32 bits of length', 'c90000000101ff'],
    ['a structure of records', 'd47240'],
    ['an array of 32 bits of length', 'dd0000000105'],
    ['a map of 32 bits of length', 'df00000001a16105'],
    ['an integer in two bytes that fits one', 'cc7f'],
    ['an integer in three bytes that fits two', 'cd00ff'],
    ['an integer in five bytes that fits three', 'ce0000ffff'],
    ['a text in two bytes that fits one', `d91f${'61'.repeat(31)}`],
    ['a text in three bytes that fits two', `da00ff${'61'.repeat(255)}`],
    ['bytes in three bytes that fit two', `c500ff${'61'.repeat(255)}`],
    ['an array in three bytes that fits one', `dc000f${'05'.repeat(15)}`],
    ['an overlong UTF-8 sequence', 'a2c080'],
    ['half a surrogate pair', 'a3eda080'],
    ['UTF-8 cut short', 'a1c3'],
    ['a text beyond the end', 'a561'],
    ['bytes beyond the end', 'c6ffffffff61'],
    ['a nesting of nine', `${'91'.repeat(7)}05`],
  ]
  for (const [what, hex] of rows) {
    test(`${what} as a value of a field`, () => {
      expect(codeOf(Buffer.from(`92a17881a161${hex}`, 'hex'))).toBe('bad-record')
    })
  }

  test('what msgpackr can write besides', () => {
    for (const odd of [new Date(0), null, undefined, 1.5, -1, 2 ** 40, false]) {
      expect(codeOf(packr.pack(['x', { a: odd }]))).toBe('bad-record')
    }
  })

  test('any change of one bit that is not another record', () => {
    const raw = Buffer.from(encodeRecord('problem', { path: Buffer.from('a'), code: 'vanished', list: ['a', 5, true] }))
    for (let bit = 0; bit < 8 * raw.length; bit++) {
      const changed = Buffer.from(raw)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const code = codeOf(changed)
      if (code !== null) expect(code).toBe('bad-record')
      else
        expect(
          Buffer.concat(decodeRecords(changed, 0).map((record) => encodeRecord(record.name, record.fields))),
        ).toEqual(changed)
    }
  })

  test('more values than a frame may have, before they are built', () => {
    const frame = Buffer.concat([
      Buffer.from('92a17881a161', 'hex'),
      Buffer.from([0x9f]),
      ...Array.from({ length: 15 }, () => Buffer.concat([Buffer.from([0xdc, 0xff, 0xff]), Buffer.alloc(65535, 0x90)])),
    ])
    const before = process.memoryUsage().heapUsed
    expect(codeOf(frame)).toBe('bad-record')
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * Limits.frameValuesMax)
  })
})

function codeOf(raw: Uint8Array): string | null {
  try {
    decodeRecords(raw, 5)
    return null
  } catch (error) {
    expect(error).toMatchObject({ name: 'FormatError', offset: 5 })
    return (error as { code: string }).code
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Byte strings as hexadecimal, maps as entries: for comparing. */
function plain(of: Value): unknown {
  if (of instanceof Uint8Array) return { hex: hexOf(of) }
  if (Array.isArray(of)) return of.map(plain)
  return typeof of === 'object' ? Object.entries(of).map(([key, each]) => [key, plain(each)]) : of
}
