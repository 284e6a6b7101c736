/** time.ts: times as decimal seconds and back, and as dates. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDate, formatDateFull, formatSeconds, parseSeconds } from '../../src/model/time.ts'

describe('formatSeconds', () => {
  test.each([
    [0, 0, '0.000000000'],
    [1714557600, 1, '1714557600.000000001'],
    [-1, 500_000_000, '-0.500000000'],
    [-1, 0, '-1.000000000'],
    [-2, 999_999_999, '-1.000000001'],
    [2 ** 53 - 1, 999_999_999, '9007199254740991.999999999'],
    [1 - 2 ** 53, 1, '-9007199254740990.999999999'],
  ])('%d s %d ns is %s', (sec, nsec, text) => {
    expect(formatSeconds(sec, nsec)).toBe(text)
    expect(parseSeconds(text)).toEqual({ sec, nsec })
  })

  test('every time comes back', () => {
    const time = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 999_999_999 }))
    fc.assert(
      fc.property(time, ([sec, nsec]) => {
        expect(parseSeconds(formatSeconds(sec, nsec))).toEqual({ sec, nsec })
      }),
    )
  })
})

describe('parseSeconds', () => {
  test.each([
    ['12', { sec: 12, nsec: 0 }],
    ['12.5', { sec: 12, nsec: 500_000_000 }],
    ['-0', { sec: 0, nsec: 0 }],
    ['-3', { sec: -3, nsec: 0 }],
  ])('reads %s', (text, time) => expect(parseSeconds(text)).toEqual(time))

  test.each(['', '.5', '1.', '1.0000000000', '1e3', ' 1', '+1', '9007199254740992', '-9007199254740991.1'])(
    'refuses %j',
    (text) => expect(parseSeconds(text)).toBeNull(),
  )
})

describe('formatDate', () => {
  test.each([
    [0, '1970-01-01 00:00:00'],
    [-1, '1969-12-31 23:59:59'],
    [4294967296, '2106-02-07 06:28:16'],
    [-62167219201, '-000001-12-31 23:59:59'],
    [2 ** 53 - 1, '@9007199254740991'],
  ])('%d is %s', (sec, text) => expect(formatDate(sec)).toBe(text))

  test('nanoseconds', () => expect(formatDateFull(0, 7)).toBe('1970-01-01 00:00:00.000000007'))
})
