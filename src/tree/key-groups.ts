/** Rows of two lists grouped by an equal key: a hash table over typed arrays, for lists of millions. */

export type KeyGroups = {
  /**
   * Calls `visit` for each key that both lists have, in the order of its first left row; rows ascend. Where each list has the key
   * once, as most have, `visitPair` is called instead.
   */
  forEach(visitPair: (left: number, right: number) => void, visit: (left: number[], right: number[]) => void): void
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
  const table = createTable(left.length)
  // A group is known by the index of its first left row; rows of one group are chained.
  const leftNext = new Int32Array(left.length).fill(NONE)
  const leftLast = new Int32Array(left.length)
  const rightFirst = new Int32Array(left.length).fill(NONE)
  const rightLast = new Int32Array(left.length)
  const rightNext = new Int32Array(right.length).fill(NONE)
  const isFirst = new Uint8Array(left.length)

  left.forEach((row, at) => {
    const tag = mix(keys.hashLeft(row))
    const slot = findSlot(table, tag, left, keys.isSameLeft, row)
    const group = table.slots[slot]!
    if (group === NONE) {
      table.slots[slot] = at
      table.slots[slot + 1] = tag
      leftLast[at] = at
      isFirst[at] = 1
    } else {
      leftNext[leftLast[group]!] = at
      leftLast[group] = at
    }
  })
  right.forEach((row, at) => {
    const tag = mix(keys.hashRight(row))
    const group = table.slots[findSlot(table, tag, left, keys.isSameRight, row)]!
    if (group === NONE) return
    if (rightFirst[group] === NONE) rightFirst[group] = at
    else rightNext[rightLast[group]!] = at
    rightLast[group] = at
  })
  return {
    forEach(visitPair, visit) {
      for (let group = 0; group < left.length; group++) {
        const other = rightFirst[group]!
        if (isFirst[group] === 0 || other === NONE) continue
        const isPair = leftNext[group] === NONE && rightNext[other] === NONE
        if (isPair) visitPair(left[group]!, right[other]!)
        else visit(chain(left, group, leftNext), chain(right, rightFirst[group]!, rightNext))
      }
    },
  }
}

function chain(rows: readonly number[], first: number, next: Int32Array): number[] {
  const found: number[] = []
  for (let at = first; at !== NONE; at = next[at]!) found.push(rows[at]!)
  return found
}

/** A slot is the group in it, and the hash of its key: keys are compared, which costs memory from anywhere, where hashes are equal. */
type Table = { slots: Int32Array; mask: number }

/** At most half full. */
function createTable(count: number): Table {
  let size = 16
  while (size < 2 * count) size *= 2
  return { slots: new Int32Array(2 * size).fill(NONE), mask: size - 1 }
}

/** The slot of the group that `row` is of, or the free one where it would be. */
function findSlot(
  { slots, mask }: Table,
  tag: number,
  left: readonly number[],
  isSame: (left: number, row: number) => boolean,
  row: number,
): number {
  let slot = 2 * (tag & mask)
  while (slots[slot] !== NONE && (slots[slot + 1] !== tag || !isSame(left[slots[slot]!]!, row))) {
    slot = (slot + 2) & (2 * mask + 1)
  }
  return slot
}

/** Spreads a hash over 32 bits. */
function mix(hash: number): number {
  let h = (hash ^ Math.floor(hash / 2 ** 32)) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
