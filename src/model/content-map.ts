/**
 * A map whose keys are contents, each an id and a size: for look-ups by the hundred thousand, which make no text of an id. Where
 * a key lies depends on numbers drawn at random, so that nobody can choose ids that all fall into one place.
 */
import { ID_BYTES } from './entries.ts'

const ENTRIES_MIN = 32
const ID_WORDS = ID_BYTES / 4
const multipliers = Uint32Array.from({ length: ID_WORDS + 2 }, () => Math.floor(Math.random() * 2 ** 32) | 1)

export class ContentMap<V> {
  /** Keys in the order they came; one that was deleted has the value undefined. */
  #ids = new Uint8Array(ENTRIES_MIN * ID_BYTES)
  #sizes = new Float64Array(ENTRIES_MIN)
  #values: (V | undefined)[] = []
  /** At a place: the number of a key, the first being 1, or 0. Twice as many places as keys at least. */
  #places = new Uint32Array(2 * ENTRIES_MIN)

  get(id: Uint8Array, size: number): V | undefined {
    const number = this.#places[this.#find(id, 0, size)]!
    return number === 0 ? undefined : this.#values[number - 1]
  }

  set(id: Uint8Array, size: number, value: V): void {
    if (this.#values.length === this.#sizes.length) this.#grow()
    const place = this.#find(id, 0, size)
    const number = this.#places[place]!
    if (number > 0) {
      this.#values[number - 1] = value
      return
    }
    this.#ids.set(id, this.#values.length * ID_BYTES)
    this.#sizes[this.#values.length] = size
    this.#places[place] = this.#values.push(value)
  }

  delete(id: Uint8Array, size: number): void {
    const number = this.#places[this.#find(id, 0, size)]!
    if (number > 0) this.#values[number - 1] = undefined
  }

  /** In the order in which their keys came first. */
  values(): V[] {
    return this.#values.filter((value) => value !== undefined)
  }

  clear(): void {
    this.#values = []
    this.#places.fill(0)
  }

  /** The place of the key whose id stands at `at`, or the free one that it would have. */
  #find(ids: Uint8Array, at: number, size: number): number {
    const mask = this.#places.length - 1
    // Of a product the upper bits depend on all of the word.
    for (let place = hash(ids, at, size) >>> Math.clz32(mask); ; place = (place + 1) & mask) {
      const number = this.#places[place]!
      if (number === 0 || this.#isKey(number - 1, ids, at, size)) return place
    }
  }

  #isKey(k: number, ids: Uint8Array, at: number, size: number): boolean {
    if (this.#sizes[k] !== size) return false
    for (let i = 0; i < ID_BYTES; i++) if (this.#ids[k * ID_BYTES + i] !== ids[at + i]) return false
    return true
  }

  #grow(): void {
    const ids = new Uint8Array(2 * this.#ids.length)
    const sizes = new Float64Array(2 * this.#sizes.length)
    ids.set(this.#ids)
    sizes.set(this.#sizes)
    this.#ids = ids
    this.#sizes = sizes
    this.#places = new Uint32Array(2 * this.#places.length)
    for (let k = 0; k < this.#values.length; k++) this.#places[this.#find(ids, k * ID_BYTES, sizes[k]!)] = k + 1
  }
}

function hash(ids: Uint8Array, at: number, size: number): number {
  let sum = Math.imul(size, multipliers[ID_WORDS]!) + Math.imul(size / 2 ** 32, multipliers[ID_WORDS + 1]!)
  for (let k = 0; k < ID_WORDS; k++) {
    const i = at + 4 * k
    const word = ids[i]! | (ids[i + 1]! << 8) | (ids[i + 2]! << 16) | (ids[i + 3]! << 24)
    sum = (sum + Math.imul(word, multipliers[k]!)) | 0
  }
  return sum
}
