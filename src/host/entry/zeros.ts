/** Bytes that are all zero, as the holes of sparse files read. */

/** For reading only; whoever needs more takes it again. */
export const zeros: Uint8Array = Buffer.alloc(1 << 18)

/** Gives `count` zero bytes in pieces. */
export function forZeros(count: number, use: (bytes: Uint8Array) => void): void {
  for (let left = count; left > 0; left -= zeros.length) use(left < zeros.length ? zeros.subarray(0, left) : zeros)
}

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length)
    if (Buffer.compare(part, part.length < zeros.length ? zeros.subarray(0, part.length) : zeros) !== 0) return false
  }
  return true
}
