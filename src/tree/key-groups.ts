/** Rows of two lists grouped by an equal key: a hash table over typed arrays, for lists of millions. */

export type KeyGroups = {
  /** Calls `visit` for each key that both lists have, in the order of its first left row; rows ascend. */
  forEach(visit: (left: number[], right: number[]) => void): void
}

export type KeyFunctions = {
  /** A whole number of any size, equal for equal keys. */
  hashLeft(row: number): number
  hashRight(row: number): number
  isSameLeft(a: number, b: number): boolean
  isSameRight(left: number, right: number): boolean
}

const NONE = -1

/** Groups ascending lists of rows. */
export function groupByKey(left: readonly number[], right: readonly number[], keys: KeyFunctions): KeyGroups {
  const mask = tableSize(left.length) - 1
  const table = new Int32Array(mask + 1).fill(NONE)
  // A group is known by the index of its first left row; rows of one group are chained.
  const leftNext = new Int32Array(left.length).fill(NONE)
  const leftLast = new Int32Array(left.length)
  const rightFirst = new Int32Array(left.length).fill(NONE)
  const rightLast = new Int32Array(left.length)
  const rightNext = new Int32Array(right.length).fill(NONE)
  const isFirst = new Uint8Array(left.length)

  left.forEach((row, at) => {
    let slot = mix(keys.hashLeft(row)) & mask
    while (table[slot] !== NONE && !keys.isSameLeft(left[table[slot]!]!, row)) slot = (slot + 1) & mask
    const group = table[slot]!
    if (group === NONE) {
      table[slot] = at
      leftLast[at] = at
      isFirst[at] = 1
    } else {
      leftNext[leftLast[group]!] = at
      leftLast[group] = at
    }
  })
  right.forEach((row, at) => {
    let slot = mix(keys.hashRight(row)) & mask
    while (table[slot] !== NONE && !keys.isSameRight(left[table[slot]!]!, row)) slot = (slot + 1) & mask
    const group = table[slot]!
    if (group === NONE) return
    if (rightFirst[group] === NONE) rightFirst[group] = at
    else rightNext[rightLast[group]!] = at
    rightLast[group] = at
  })
  return {
    forEach(visit) {
      for (let group = 0; group < left.length; group++) {
        if (isFirst[group] === 0 || rightFirst[group] === NONE) continue
        visit(chain(left, group, leftNext), chain(right, rightFirst[group]!, rightNext))
      }
    },
  }
}

function chain(rows: readonly number[], first: number, next: Int32Array): number[] {
  const found: number[] = []
  for (let at = first; at !== NONE; at = next[at]!) found.push(rows[at]!)
  return found
}

/** At most half full. */
function tableSize(count: number): number {
  let size = 16
  while (size < 2 * count) size *= 2
  return size
}

/** Spreads a hash over 32 bits. */
function mix(hash: number): number {
  let h = (hash ^ Math.floor(hash / 2 ** 32)) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
