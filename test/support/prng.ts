/** A small seeded generator of numbers (mulberry32): the same seed gives the same tree on every machine. */
export type Prng = {
  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number
  /** True once in `n` times. */
  oneIn(n: number): boolean
  /** One of the items. */
  pick<T>(items: ReadonlyArray<T>): T
  /** `size` bytes. */
  bytes(size: number): Buffer
}

export function makePrng(seed: number): Prng {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (bound: number): number => Math.floor((next() / 2 ** 32) * bound)
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (items) => items[below(items.length)]!,
    bytes(size) {
      const bytes = Buffer.alloc(size)
      for (let i = 0; i + 4 <= size; i += 4) bytes.writeUInt32LE(next(), i)
      return bytes
    },
  }
}
