/**
 * Byte strings as one line of text that people can read and no terminal acts upon (spec appendix A). Everything that
 * reaches a screen goes through here. UTF-8 is shown as such; what is invisible, moves the cursor, breaks the line or
 * turns the direction of writing is escaped, and so is the backslash, which makes the text reversible.
 */
import { EMPTY } from './bytes-column.ts'

let hidden: RegExp | null = null

/**
 * Characters that are shown escaped: controls, formats, separators but the space, and what fonts leave out. Made when they are
 * needed, which is seldom: the classes take a millisecond to set up.
 */
function hiddenCharacters(): RegExp {
  hidden ??= /(?! )[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\\]/gu
  return hidden
}

/** What has none of these is shown as it is. */
const UNUSUAL = /[^ -[\]-~]/

/**
 * Bytes as text: `\\`, `\n`, `\r`, `\t`; `\x1b` for other C0 controls and DEL, and for a byte 80..ff that is not part
 * of valid UTF-8; `\u{202e}` for other hidden characters. Two different byte strings never give the same text.
 */
export function escapeBytes(bytes: Uint8Array): string {
  let text = ''
  let start = 0
  for (let i = 0; i < bytes.length; ) {
    const length = bytes[i]! < 0x80 ? 1 : utf8Length(bytes, i)
    if (length === 0) {
      text += escapeText(utf8Text(bytes, start, i)) + byteEscape(bytes[i]!)
      start = i + 1
    }
    i += Math.max(length, 1)
  }
  return text + escapeText(utf8Text(bytes, start, bytes.length))
}

/** The same for what is text already, such as a message. */
export function escapeText(text: string): string {
  return UNUSUAL.test(text) ? text.replace(hiddenCharacters(), escapeCharacter) : text
}

/** A sentence with all that it quotes: nothing hidden is left in it; backslashes are its own and stay. */
export function escapeSentence(text: string): string {
  return text.replace(hiddenCharacters(), (character) => (character === '\\' ? character : escapeCharacter(character)))
}

/** JSON in which only visible characters are left: what JSON leaves bare is written as `\\u202e`, which means the same. */
export function escapeJson(json: string): string {
  if (!/[^ -~]/.test(json)) return json
  return json.replace(hiddenCharacters(), (character) => (character === '\\' ? character : utf16Escapes(character)))
}

/** The bytes of a text made by escapeBytes; null where it is none: an unknown or unfinished escape. */
export function unescapeBytes(text: string): Uint8Array | null {
  const parts: Uint8Array[] = []
  let start = 0
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', start)) {
    const match = ESCAPE.exec(text.slice(at, at + ESCAPE_LENGTH_MAX))
    const bytes = match === null ? null : escapedBytes(match)
    if (match === null || bytes === null) return null
    parts.push(Buffer.from(text.slice(start, at)), bytes)
    start = at + match[0].length
  }
  if (parts.length === 0) return text === '' ? EMPTY : Buffer.from(text)
  return Buffer.concat([...parts, Buffer.from(text.slice(start))])
}

/** A path for a line with other words in it: '.' for the root, in double quotes where it has a space or a quote. */
export function quotePath(path: Uint8Array): string {
  return path.length === 0 ? '.' : quoteBytes(path)
}

/** Bytes for a line with other words in it: escaped, and in double quotes where empty or with a space or a quote. */
export function quoteBytes(bytes: Uint8Array): string {
  const text = escapeBytes(bytes)
  return /^$|[ "]/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text
}

/** True where the bytes are valid UTF-8, so that text gives them back. */
export function isUtf8(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; ) {
    const length = bytes[i]! < 0x80 ? 1 : utf8Length(bytes, i)
    if (length === 0) return false
    i += length
  }
  return true
}

/** Length of the UTF-8 sequence at `at`: 1 to 4, or 0 where the bytes are none (RFC 3629 §4). */
function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const second = bytes[at + 1] ?? 0
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  for (let k = 2; k < length; k++) if (((bytes[at + k] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

/** The text of valid UTF-8, a byte order mark included. */
function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

const SHORT: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!
  return SHORT[character] ?? (code < 0x80 ? byteEscape(code) : `\\u{${code.toString(16)}}`)
}

function byteEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

function utf16Escapes(character: string): string {
  let text = ''
  for (let i = 0; i < character.length; i++) text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  return text
}

const ESCAPE = /^\\(?:([\\nrt"])|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})/
const ESCAPE_LENGTH_MAX = '\\u{10ffff}'.length
const SHORT_BYTES: Readonly<Record<string, number>> = { '\\': 0x5c, n: 10, r: 13, t: 9, '"': 0x22 }

function escapedBytes([, short, byte, codePoint]: RegExpExecArray): Uint8Array | null {
  if (short !== undefined) return Uint8Array.of(SHORT_BYTES[short]!)
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16))
  const code = Number.parseInt(codePoint!, 16)
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? null : Buffer.from(String.fromCodePoint(code))
}
