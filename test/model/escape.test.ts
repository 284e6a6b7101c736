/** escape.ts: what people see of byte strings, and the way back. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  escapeBytes,
  escapeJson,
  escapeText,
  isUtf8,
  quoteBytes,
  quotePath,
  unescapeBytes,
} from '../../src/model/escape.ts'

const rows: [what: string, bytes: string | number[], text: string][] = [
  ['plain text as such', 'a/b.txt', 'a/b.txt'],
  ['a space as such', 'a b', 'a b'],
  ['UTF-8 as such', 'grün/日本/😀', 'grün/日本/😀'],
  ['a newline', 'a\nb', 'a\\nb'],
  ['tab and return', '\t\r', '\\t\\r'],
  ['a terminal escape', '\x1b[31mred', '\\x1b[31mred'],
  ['NUL and DEL', '\0\x7f', '\\x00\\x7f'],
  ['C1 controls', '\u0085\u009b', '\\u{85}\\u{9b}'],
  ['a bare byte of C1', [0x9b], '\\x9b'],
  ['the right-to-left override', 'a\u202egpj.exe', 'a\\u{202e}gpj.exe'],
  ['BiDi marks and isolates', '\u061c\u200e\u200f\u2066\u2069', '\\u{61c}\\u{200e}\\u{200f}\\u{2066}\\u{2069}'],
  ['zero width', '\u200b\u200c\u200d\ufeff', '\\u{200b}\\u{200c}\\u{200d}\\u{feff}'],
  ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['spaces that look like a space', '\u00a0\u202f\u3000', '\\u{a0}\\u{202f}\\u{3000}'],
  ['soft hyphen, Hangul filler, tag', '\u00ad\u3164\u{e0041}', '\\u{ad}\\u{3164}\\u{e0041}'],
  ['a backslash', 'a\\n', 'a\\\\n'],
  ['a byte that is no UTF-8', [0x61, 0xff, 0x62], 'a\\xff' + 'b'],
  ['overlong slash', [0xc0, 0xaf], '\\xc0\\xaf'],
  ['a surrogate', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
  ['an unfinished sequence', [0x61, 0xe6, 0x97], 'a\\xe6\\x97'],
  ['an unfinished sequence before text', [0xe6, 0x97, 0x61], '\\xe6\\x97a'],
]

describe('escapeBytes', () => {
  test.each(rows)('%s', (_, bytes, text) => {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes)
    expect(escapeBytes(raw)).toBe(text)
    expect(unescapeBytes(text)).toEqual(Buffer.from(raw))
    expect(isUtf8(raw)).toBe(typeof bytes === 'string')
  })

  test('any bytes come back, on one visible line', () => {
    fc.assert(
      fc.property(anyBytes(), (bytes) => {
        const text = escapeBytes(bytes)
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(Buffer.compare(unescapeBytes(text)!, bytes)).toBe(0)
        expect(isUtf8(bytes)).toBe(Buffer.from(bytes.toString()).equals(bytes))
      }),
    )
  })
})

describe('escapeText', () => {
  test('escapes as escapeBytes does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).toBe(escapeBytes(Buffer.from(text)))
      }),
    )
  })
})

describe('escapeJson', () => {
  test('means the same and shows nothing hidden', () => {
    fc.assert(
      fc.property(anyBytes(), (bytes) => {
        const json = escapeJson(JSON.stringify({ path: bytes.toString() }))
        expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(JSON.parse(json)).toEqual({ path: bytes.toString() })
      }),
    )
  })
})

describe('unescapeBytes', () => {
  test.each(['\\', 'a\\', '\\q', '\\x1', '\\xFF', '\\u{}', '\\u{110000}', '\\u{d800}', '\\u202e'])(
    'refuses %s',
    (text) => expect(unescapeBytes(text)).toBeNull(),
  )
})

describe('quotePath', () => {
  test.each([
    ['', '.'],
    ['a/b', 'a/b'],
    ['a -> b', '"a -> b"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['"', '"\\""'],
    ['\n', '\\n'],
  ])('%j is %s', (path, text) => expect(quotePath(Buffer.from(path))).toBe(text))

  test('an empty byte string that is no path', () => expect(quoteBytes(new Uint8Array(0))).toBe('""'))
})

/** Bytes among which UTF-8, hidden characters, backslashes and invalid sequences are all frequent. */
function anyBytes(): fc.Arbitrary<Buffer> {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text)),
    fc.constantFrom('\\', '\\x', 'u{', '"', '\n', '\u202e', '\u2028', '\u00ad', ' ').map((text) => Buffer.from(text)),
  )
  return fc.array(part, { maxLength: 8 }).map((parts) => Buffer.concat(parts))
}
