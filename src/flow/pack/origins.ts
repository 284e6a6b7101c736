/** Where contents that were sent can be copied from: content id to the path of a row that has it. Bounded. */
import { keyPath, pathKey } from '../../model/path.ts'

export type Origins = {
  /** A path that has the content, or null. `key` is the id as pathKey makes it. */
  find(key: string, size: number): Uint8Array | null
  add(key: string, size: number, dir: Uint8Array, name: Uint8Array): void
}

/** Twice as many are kept at most: 15 MB with paths of usual length. What is forgotten is sent again, which costs bytes only. */
const GENERATION_MAX = 32768
/** A recipe is about as long as fewer bytes are, and takes longer to follow. */
const SIZE_MIN = 512

type Origin = { dir: string; name: string }

/** Two generations: when the younger is full the older is forgotten as a whole. */
export function createOrigins(): Origins {
  let younger = new Map<string, Origin>()
  let older = younger
  /** Neighbours share their directory's string. */
  let lastDir: Uint8Array | null = null
  let lastDirKey = ''
  return {
    find(key, size) {
      if (size < SIZE_MIN) return null
      const origin = younger.get(key) ?? older.get(key)
      return origin === undefined ? null : keyPath(origin.dir === '' ? origin.name : `${origin.dir}/${origin.name}`)
    },
    add(key, size, dir, name) {
      if (size < SIZE_MIN || younger.has(key) || older.has(key)) return
      if (younger.size === GENERATION_MAX) {
        older = younger
        younger = new Map()
      }
      if (dir !== lastDir) lastDirKey = pathKey(dir)
      lastDir = dir
      younger.set(key, { dir: lastDirKey, name: pathKey(name) })
    },
  }
}
