/** Lines of the view of bytes: where, which bytes, what they mean. */
const OFFSET_WIDTH = 10
const HEX_BYTES_MAX = 12
const HEX_WIDTH = 3 * HEX_BYTES_MAX + 1

/** One line; of many bytes the first ones are shown. An offset that begins with '+' counts within a data frame. */
export function formatByteLine(offset: string, bytes: Uint8Array, meaning: string): string {
  const shown = Buffer.from(bytes.subarray(0, HEX_BYTES_MAX))
    .toString('hex')
    .replace(/..(?!$)/g, '$& ')
  const hex = bytes.length > HEX_BYTES_MAX ? `${shown}..` : shown
  return `${offset.padStart(OFFSET_WIDTH)}  ${hex.padEnd(HEX_WIDTH)}  ${meaning}`
}

/** A part of a layout: so many bytes, and what they mean; `value` is them as an integer, 0 where they are more than 6. */
export type Part = [byteCount: number, meaning: (value: number, bytes: Uint8Array) => string]

/** The lines of bytes that a layout describes, from `offset` in the stream. Parts without bytes are left out. */
export function formatLayout(bytes: Uint8Array, offset: number, layout: readonly Part[]): string[] {
  const lines: string[] = []
  let at = 0
  for (const [byteCount, meaning] of layout) {
    const part = Buffer.from(bytes.subarray(at, at + byteCount))
    const value = byteCount > 0 && byteCount <= 6 ? part.readUIntLE(0, byteCount) : 0
    if (byteCount > 0) lines.push(formatByteLine(String(offset + at), part, meaning(value, part)))
    at += byteCount
  }
  return lines
}

/** A part that says the same whatever it holds. */
export function fixed(byteCount: number, meaning: string): Part {
  return [byteCount, () => meaning]
}
