/** Where the long columns of a record stand in its bytes, for a writer that has thousands of records. Pure; makes no objects. */
import { assert } from '../base/assert.ts'

/** Adds to `places` where each byte string of `bytesMin` and more begins and ends in the record, `base` added. */
export function findLongColumns(record: Uint8Array, bytesMin: number, base: number, places: number[]): void {
  let values = 1
  for (let at = 0; values > 0; values--) {
    const tag = record[at]!
    const width = widthOf(tag)
    const count = width === 0 ? shortCount(tag) : numberAt(record, at + 1, width)
    at += 1 + width
    if (isMap(tag)) values += 2 * count
    else if (isArray(tag)) values += count
    else if (isText(tag)) at += count
    else if (isBytes(tag)) {
      if (count >= bytesMin) places.push(base + at, base + at + count)
      at += count
    }
    assert(at <= record.length)
  }
}

const isMap = (tag: number): boolean => (tag & 0xf0) === 0x80 || tag === 0xde
const isArray = (tag: number): boolean => (tag & 0xf0) === 0x90 || tag === 0xdc
const isText = (tag: number): boolean => (tag & 0xe0) === 0xa0 || (tag >= 0xd9 && tag <= 0xdb)
const isBytes = (tag: number): boolean => tag >= 0xc4 && tag <= 0xc6

/** Bytes of the count or the number behind a tag: records use no others than these (spec §4.1). */
function widthOf(tag: number): number {
  switch (tag) {
    case 0xc4:
    case 0xcc:
    case 0xd9:
      return 1
    case 0xc5:
    case 0xcd:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 2
    case 0xc6:
    case 0xce:
    case 0xdb:
      return 4
    default:
      return 0
  }
}

/** The count in the tag itself. */
function shortCount(tag: number): number {
  return isText(tag) ? tag & 31 : tag & 15
}

function numberAt(record: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let i = at; i < at + width; i++) value = value * 256 + record[i]!
  return value
}
