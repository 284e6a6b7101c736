/** A set of small whole numbers, such as the ordinals of rows: one bit each. */
export class Bits {
  #bytes = new Uint8Array(1024)

  add(number: number): void {
    const at = number >>> 3
    if (at >= this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(at + 1, this.#bytes.length * 2))
      bytes.set(this.#bytes)
      this.#bytes = bytes
    }
    this.#bytes[at]! |= 1 << (number & 7)
  }

  delete(number: number): void {
    if (number >>> 3 < this.#bytes.length) this.#bytes[number >>> 3]! &= ~(1 << (number & 7))
  }

  has(number: number): boolean {
    return ((this.#bytes[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0
  }
}
