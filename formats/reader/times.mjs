/** The times of a touch (spec §7.8), as BigInts of nanoseconds. */
import { check, max, range } from './read.mjs'

const NANO = 1_000_000_000n

export function readTimes(bytes, count) {
  check(count <= max.touchPairsMax && bytes.length === 12 * count, 'bad-field')
  return range(count, (i) => {
    const [sec, nsec] = [bytes.readBigInt64LE(12 * i), BigInt(bytes.readUInt32LE(12 * i + 8))]
    const isInRange = sec <= BigInt(max.sizeMax) && -sec <= BigInt(max.sizeMax) && nsec < NANO
    check(isInRange, 'bad-value')
    return sec * NANO + nsec
  })
}
