/** Paths that a merge has not passed yet; those behind it are thrown away now and then. */
import { comparePaths, isWithin, keyPath, pathKey } from '../model/path.ts'

export class PathSet {
  readonly #keys = new Set<string>()
  #sizeMax = SIZE_MIN

  get isEmpty(): boolean {
    return this.#keys.size === 0
  }

  has(path: Uint8Array): boolean {
    return this.#keys.size > 0 && this.#keys.has(pathKey(path))
  }

  /** `dir` is the directory that the merge is in. */
  add(path: Uint8Array, dir: Uint8Array): void {
    this.#keys.add(pathKey(path))
    if (this.#keys.size < this.#sizeMax) return
    for (const key of this.#keys) {
      const kept = keyPath(key)
      if (comparePaths(dir, kept) > 0 && !isWithin(dir, kept)) this.#keys.delete(key)
    }
    this.#sizeMax = Math.max(SIZE_MIN, 2 * this.#keys.size)
  }
}

const SIZE_MIN = 16384
