/**
 * Columns of integers as byte planes (spec §5.1): plane k holds byte k, lowest first, of every value. Planes of high
 * bytes that are all zero are left out; a column that is all zero is absent. 64-bit values are pairs of 32-bit halves.
 */
import { FormatError } from '../base/errors.ts'

type Numbers = Uint8Array | Uint16Array | Uint32Array

/** Values of up to 32 bits as planes; null where all are zero. */
export function encodePlanes(values: Numbers, count: number): Uint8Array | null {
  const planes = planesOf(orOf(values, 0, 1, count))
  if (planes === 0) return null
  if (values instanceof Uint8Array) return values.slice(0, count)
  const out = new Uint8Array(planes * count)
  for (let k = 0; k < planes; k++) writePlane(values, 0, 1, count, 8 * k, out, k * count)
  return out
}

/** 64-bit values, `halves[2i]` the low and `halves[2i + 1]` the high half, as planes; null where all are zero. */
export function encodePlanes64(halves: Uint32Array, count: number): Uint8Array | null {
  const high = planesOf(orOf(halves, 1, 2, count))
  const planes = high > 0 ? 4 + high : planesOf(orOf(halves, 0, 2, count))
  if (planes === 0) return null
  const out = new Uint8Array(planes * count)
  for (let k = 0; k < planes; k++) writePlane(halves, k >> 2, 2, count, 8 * (k & 3), out, k * count)
  return out
}

/** Reads the planes of a column into `values`. Throws `bad-column` for a length that does not fit. */
export function decodePlanes(bytes: Uint8Array, values: Numbers, count: number, offset: number, name: string): void {
  const planes = checkedPlanes(bytes, count, values.BYTES_PER_ELEMENT, offset, name)
  if (values instanceof Uint8Array) values.set(bytes)
  else readPlanes(bytes, 0, planes, count, values, 0, 1)
}

/** The same for 64-bit values as halves. */
export function decodePlanes64(
  bytes: Uint8Array,
  halves: Uint32Array,
  count: number,
  offset: number,
  name: string,
): void {
  const planes = checkedPlanes(bytes, count, 8, offset, name)
  readPlanes(bytes, 0, Math.min(planes, 4), count, halves, 0, 2)
  readPlanes(bytes, 4 * count, Math.max(planes - 4, 0), count, halves, 1, 2)
}

function checkedPlanes(bytes: Uint8Array, count: number, width: number, offset: number, name: string): number {
  const planes = bytes.length / count
  if (!Number.isInteger(planes) || planes === 0 || planes > width) {
    throw new FormatError('bad-column', offset, `${name}: ${bytes.length} bytes for ${count} rows`)
  }
  for (let i = bytes.length - count; i < bytes.length; i++) if (bytes[i] !== 0) return planes
  throw new FormatError('bad-column', offset, `${name}: the last plane is all zero`)
}

function orOf(values: Numbers, first: number, step: number, count: number): number {
  let bits = 0
  for (let i = first, n = 0; n < count; i += step, n++) bits |= values[i]!
  return bits >>> 0
}

function planesOf(bits: number): number {
  return bits === 0 ? 0 : bits < 0x100 ? 1 : bits < 0x10000 ? 2 : bits < 0x1000000 ? 3 : 4
}

function writePlane(
  values: Numbers,
  first: number,
  step: number,
  count: number,
  shift: number,
  out: Uint8Array,
  to: number,
): void {
  for (let i = first, n = 0; n < count; i += step, n++) out[to + n] = values[i]! >>> shift
}

/** Sets values[first], values[first + step] and so on from up to four planes, which begin at `from`. */
function readPlanes(
  bytes: Uint8Array,
  from: number,
  planes: number,
  count: number,
  values: Uint16Array | Uint32Array,
  first: number,
  step: number,
): void {
  const second = from + count
  const third = second + count
  const fourth = third + count
  for (let i = first, n = 0; n < count; i += step, n++) {
    let value = planes > 0 ? bytes[from + n]! : 0
    if (planes > 1) value |= bytes[second + n]! << 8
    if (planes > 2) value |= bytes[third + n]! << 16
    if (planes > 3) value |= bytes[fourth + n]! << 24
    values[i] = value
  }
}

const TWO_32 = 0x1_0000_0000

/** Integers held as doubles, two's complement where negative, as halves. */
export function splitFloats(values: Float64Array, count: number, halves: Uint32Array): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const high = value >= 0 && value < TWO_32 ? 0 : Math.floor(value / TWO_32)
    halves[2 * i] = value - high * TWO_32
    halves[2 * i + 1] = high
  }
}

/** Halves of signed or unsigned integers within ±2^53 as doubles. */
export function joinFloats(halves: Uint32Array, count: number, values: Float64Array): void {
  for (let i = 0; i < count; i++) values[i] = (halves[2 * i + 1]! | 0) * TWO_32 + halves[2 * i]!
}

/**
 * Delta coding in place (spec §5.1): every present value becomes its difference from the present value before it,
 * modulo 2^64, folded so that small negative differences stay small. Absent rows stay zero.
 */
export function encodeDelta(halves: Uint32Array, kind: Uint8Array, count: number): void {
  let previousLow = 0
  let previousHigh = 0
  for (let i = 0; i < count; i++) {
    if (kind[i] === 0) continue
    const low = halves[2 * i]!
    const high = halves[2 * i + 1]!
    const differenceLow = (low - previousLow) >>> 0
    const differenceHigh = (high - previousHigh - (low < previousLow ? 1 : 0)) | 0
    const sign = differenceHigh >> 31
    halves[2 * i] = (differenceLow << 1) ^ sign
    halves[2 * i + 1] = ((differenceHigh << 1) | (differenceLow >>> 31)) ^ sign
    previousLow = low
    previousHigh = high
  }
}

/** The inverse of encodeDelta. */
export function decodeDelta(halves: Uint32Array, kind: Uint8Array, count: number): void {
  let previousLow = 0
  let previousHigh = 0
  for (let i = 0; i < count; i++) {
    if (kind[i] === 0) continue
    const low = halves[2 * i]!
    const high = halves[2 * i + 1]!
    const sign = -(low & 1)
    const differenceLow = (((low >>> 1) | (high << 31)) ^ sign) >>> 0
    const differenceHigh = (high >>> 1) ^ sign
    const sum = previousLow + differenceLow
    previousLow = sum >>> 0
    previousHigh = (previousHigh + differenceHigh + (sum >= TWO_32 ? 1 : 0)) >>> 0
    halves[2 * i] = previousLow
    halves[2 * i + 1] = previousHigh
  }
}

/** In place: integers held as doubles become those whose halves are XORed with `halves`, in rows that `other` has too. */
export function xorFloats(
  halves: Uint32Array,
  other: Float64Array,
  kind: Uint8Array,
  otherKind: Uint8Array,
  count: number,
  values: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    let low = halves[2 * i]!
    let high = halves[2 * i + 1]! | 0
    const partner = kind[i] !== 0 && otherKind[i] !== 0 ? other[i]! : 0
    if ((low | high) === 0) values[i] = partner
    else {
      const partnerHigh = Math.floor(partner / TWO_32)
      low = (low ^ (partner - partnerHigh * TWO_32)) >>> 0
      high ^= partnerHigh
      values[i] = high * TWO_32 + low
    }
  }
}

/** In place: values of rows that `other` has too become their XOR with it. Its own inverse. */
export function xorColumn(
  values: Numbers,
  other: Numbers,
  kind: Uint8Array,
  otherKind: Uint8Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) if (kind[i] !== 0 && otherKind[i] !== 0) values[i]! ^= other[i]!
}

/** The same for 64-bit values as halves, and for anything with `per` elements a row. */
export function xorWide(
  values: Numbers,
  other: Numbers,
  kind: Uint8Array,
  otherKind: Uint8Array,
  count: number,
  per: number,
): void {
  for (let i = 0; i < count; i++) {
    if (kind[i] === 0 || otherKind[i] === 0) continue
    for (let k = i * per; k < (i + 1) * per; k++) values[k]! ^= other[k]!
  }
}
